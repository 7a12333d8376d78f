namespace OrleansDDM.Learning.Data;

/// <summary>A data set is missing, damaged or not what it claims to be. The message names the file or data set, the rule and the mend.</summary>
public sealed class DatasetException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="source">File, URL or data set that is at fault.</param>
    /// <param name="rule">The rest of a sentence that starts with <paramref name="source"/>, without the full stop.</param>
    /// <param name="inner">The error beneath, if any.</param>
    public DatasetException(string source, string rule, Exception? inner = null)
        : base($"{source} {rule}.", inner)
    {
        Source = source;
    }

    /// <summary>Whether there is no such data set, as opposed to one that is damaged.</summary>
    public bool IsNotFound { get; init; }
}

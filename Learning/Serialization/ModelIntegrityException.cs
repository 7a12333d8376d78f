namespace OrleansDDM.Learning.Serialization;

/// <summary>A model folder is not what its manifest says, or its parts do not fit together. The client's exit code for it is 7.</summary>
/// <param name="file">The file that is wrong, relative to the folder.</param>
/// <param name="fault">What is wrong, as the rest of a sentence that starts with the file.</param>
/// <param name="inner">The cause, if another exception.</param>
public sealed class ModelIntegrityException(string file, string fault, Exception? inner = null)
    : Exception($"Model file '{file}' {fault}.", inner)
{
    /// <summary>The file that is wrong, relative to the folder.</summary>
    public string File { get; } = file;
}

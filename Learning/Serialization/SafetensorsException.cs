namespace OrleansDDM.Learning.Serialization;

/// <summary>A file is not safetensors, or a tensor is asked for that it does not hold.</summary>
/// <param name="rule">The rule that is broken.</param>
/// <param name="message">What is wrong, and where.</param>
/// <param name="inner">The cause, if another exception.</param>
public sealed class SafetensorsException(SafetensorsRule rule, string message, Exception? inner = null)
    : Exception($"safetensors: {message} (rule: {rule})", inner)
{
    /// <summary>The rule that is broken.</summary>
    public SafetensorsRule Rule { get; } = rule;
}

namespace OrleansDDM.Specs;

/// <summary>A spec breaks a rule. The message names the key, the rule and, where it can, the mend.</summary>
/// <param name="key">Dotted key, e.g. <c>training.steps</c>.</param>
/// <param name="rule">The rule, as the rest of a sentence that starts with the key.</param>
public sealed class SpecException(string key, string rule) : Exception($"{key} {rule}.")
{
    /// <summary>Dotted key that is wrong.</summary>
    public string Key { get; } = key;
}

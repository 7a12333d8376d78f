using System.Globalization;

namespace OrleansDDM.Learning.Training;

/// <summary>Which model of an ensemble: expert k or the router. Written <c>expert-0</c>, <c>expert-1</c>, ..., <c>router</c>.</summary>
public readonly record struct ModelRole
{
    private const string RouterName = "router";
    private const string ExpertPrefix = "expert-";

    private ModelRole(int index) => Index = index;

    /// <summary>The router.</summary>
    public static ModelRole Router { get; } = new(-1);

    /// <summary>Index of the expert and of its cluster, or -1 for the router.</summary>
    public int Index { get; }

    /// <summary>Whether this is the router.</summary>
    public bool IsRouter => Index < 0;

    /// <summary>Expert <paramref name="index"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public static ModelRole Expert(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new ModelRole(index);
    }

    /// <summary>The models of an ensemble in a fixed order: the experts, then the router. One expert has no router.</summary>
    public static IReadOnlyList<ModelRole> Of(int experts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(experts);
        IEnumerable<ModelRole> all = Enumerable.Range(0, experts).Select(Expert);
        return experts == 1 ? [.. all] : [.. all, Router];
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is neither <c>router</c> nor <c>expert-N</c>.</exception>
    public static ModelRole Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == RouterName)
        {
            return Router;
        }

        return text.StartsWith(ExpertPrefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(ExpertPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? Expert(index)
            : throw new FormatException($"'{text}' is not a model role; it is 'router' or 'expert-N'.");
    }

    /// <inheritdoc/>
    public override string ToString() => IsRouter ? RouterName : string.Create(CultureInfo.InvariantCulture, $"{ExpertPrefix}{Index}");
}

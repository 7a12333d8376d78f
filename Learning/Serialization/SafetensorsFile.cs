using System.Diagnostics.CodeAnalysis;

namespace OrleansDDM.Learning.Serialization;

/// <summary>A safetensors file that passed every rule of the format. Entries are views of the bytes that were read.</summary>
public sealed class SafetensorsFile
{
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    internal SafetensorsFile(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
        _byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The strings of <c>__metadata__</c>; empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names of the tensors, in the order of their bytes.</summary>
    public IEnumerable<string> Names => Entries.Select(entry => entry.Name);

    /// <summary>The tensor called <paramref name="name"/>.</summary>
    /// <exception cref="SafetensorsException">There is none.</exception>
    public SafetensorsEntry this[string name] => TryGet(name, out SafetensorsEntry? entry)
        ? entry
        : throw new SafetensorsException(SafetensorsRule.Missing, $"there is no tensor '{name}'");

    /// <summary>Looks for the tensor called <paramref name="name"/>.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _byName.TryGetValue(name, out entry);
}

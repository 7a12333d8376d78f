using System.Text.Json.Nodes;

using OrleansDDM.Specs;

namespace OrleansDDM.Tests.Specs;

/// <summary>The dotted keys of a spec with their default values, read from the written form.</summary>
internal static class SpecLeaves
{
    public static IReadOnlyDictionary<string, JsonNode> All { get; } =
        Leaves(JsonNode.Parse(SpecJson.Write(new RunSpec()))!, string.Empty).ToDictionary();

    private static IEnumerable<KeyValuePair<string, JsonNode>> Leaves(JsonNode node, string key) => node is JsonObject group
        ? group.SelectMany(p => Leaves(p.Value!, key.Length == 0 ? p.Key : $"{key}.{p.Key}"))
        : [KeyValuePair.Create(key, node)];
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace OrleansDDM.Specs;

/// <summary>Reads and writes specs as JSON. Keys are camelCase; unknown keys are refused, missing ones take their default.</summary>
public static class SpecJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The spec as indented JSON, every key written out.</summary>
    public static string Write(RunSpec spec) => JsonSerializer.Serialize(spec, Options);

    /// <summary>The canonical form: every key, sorted by name (ordinal), no white space. This is what is stored, sent and hashed.</summary>
    public static string Canonical(RunSpec spec) => Sorted(JsonSerializer.SerializeToNode(spec, Options)!).ToJsonString(
        new JsonSerializerOptions(Options) { WriteIndented = false });

    /// <summary>SHA-256 of the canonical form, 64 lower-case hex digits.</summary>
    public static string Hash(RunSpec spec) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(spec))));

    /// <summary>Reads a spec and lays <paramref name="overrides"/> over it; it is validated.</summary>
    /// <param name="json">A JSON object; empty = all defaults.</param>
    /// <param name="overrides">Lines <c>key=value</c> with a dotted key, e.g. <c>training.steps=500</c>; later ones win.</param>
    /// <exception cref="SpecException">Not JSON, an unknown key, a value of the wrong type, or one out of range.</exception>
    public static RunSpec Read(string json, params IEnumerable<string> overrides)
    {
        RunSpec spec = Parse(json, overrides);
        SpecValidator.Validate(spec);
        return spec;
    }

    private static RunSpec Parse(string json, IEnumerable<string> overrides)
    {
        JsonObject root;
        try
        {
            var documentOptions = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            root = JsonNode.Parse(string.IsNullOrWhiteSpace(json) ? "{}" : json, documentOptions: documentOptions) as JsonObject
                ?? throw new SpecException("spec", "must be a JSON object");
        }
        catch (JsonException e)
        {
            throw new SpecException("spec", $"is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})");
        }

        JsonObject defaults = JsonSerializer.SerializeToNode(new RunSpec(), Options)!.AsObject();
        foreach (string line in overrides)
        {
            Override(root, defaults, line);
        }

        try
        {
            return root.Deserialize<RunSpec>(Options)!;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            string key = e is JsonException { Path: { Length: > 2 } path } ? path[2..] : "spec";
            throw new SpecException(key, Reason(e));
        }
    }

    private static string Reason(Exception e) =>
        e.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? "has a key that does not exist: " + e.Message.Split('\'').ElementAtOrDefault(1)
            : "has a value of the wrong type";

    private static void Override(JsonObject root, JsonObject defaults, string line)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new SpecException(line, "is not of the form key=value");
        }

        string[] path = line[..equals].Trim().Split('.');
        string text = line[(equals + 1)..].Trim();
        JsonNode? known = defaults;
        JsonObject target = root;
        for (int i = 0; i < path.Length; i++)
        {
            if (known is not JsonObject group || !group.TryGetPropertyValue(path[i], out known))
            {
                throw new SpecException(string.Join('.', path), "is not a key of a spec");
            }

            if (i < path.Length - 1)
            {
                if (target[path[i]] is not JsonObject next)
                {
                    target[path[i]] = next = [];
                }

                target = next;
            }
        }

        target[path[^1]] = known switch
        {
            JsonObject => throw new SpecException(string.Join('.', path), "is a group of keys; name one key in it"),
            JsonArray => new JsonArray([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(s => (JsonNode)s)]),
            JsonValue value when value.GetValueKind() == JsonValueKind.String => text,
            _ => Literal(string.Join('.', path), text),
        };
    }

    private static JsonNode? Literal(string key, string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            throw new SpecException(key, $"cannot be '{text}'");
        }
    }

    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value is null ? null : Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(n => n is null ? null : Sorted(n))]),
        _ => node.DeepClone(),
    };
}

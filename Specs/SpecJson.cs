using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

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
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly JsonSerializerOptions Compact = new(Options) { WriteIndented = false };

    private static readonly JsonDocumentOptions Documents = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The spec as indented JSON, every key written out.</summary>
    public static string Write(RunSpec spec) => JsonSerializer.Serialize(spec, Options);

    /// <summary>The canonical form: every key, sorted by name (ordinal), no white space. This is what is stored, sent and hashed.</summary>
    public static string Canonical(RunSpec spec) => Sorted(JsonSerializer.SerializeToNode(spec, Options)!).ToJsonString(Compact);

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
        // Laid over the defaults key by key: a group's defaults may differ from its type's (router.model from model).
        JsonObject root = JsonSerializer.SerializeToNode(new RunSpec(), Options)!.AsObject();
        try
        {
            using JsonDocument document = JsonDocument.Parse(string.IsNullOrWhiteSpace(json) ? "{}" : json, Documents);
            SpecKeys.Check(document.RootElement, Options);
            Lay(JsonObject.Create(document.RootElement.Clone())!, root);
        }
        catch (JsonException e)
        {
            throw new SpecException("spec", $"is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})");
        }
        catch (ArgumentException)
        {
            throw new SpecException("spec", "is not valid Unicode text"); // a lone surrogate
        }

        foreach (string line in overrides)
        {
            Override(root, line);
        }

        return root.Deserialize<RunSpec>(Options)!;
    }

    private static void Lay(JsonObject from, JsonObject over)
    {
        foreach ((string name, JsonNode? value) in from)
        {
            if (value is JsonObject group && over[name] is JsonObject known)
            {
                Lay(group, known);
            }
            else
            {
                over[name] = value?.DeepClone();
            }
        }
    }

    private static void Override(JsonObject root, string line)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw new SpecException(line, "is not of the form key=value");
        }

        string[] path = line[..equals].Trim().Split('.');
        string key = string.Join('.', path);
        JsonTypeInfo type = SpecKeys.Find(path, Options);
        JsonElement value = Value(line[(equals + 1)..].Trim(), type);
        SpecKeys.Check(key, value, type);

        JsonObject group = root;
        foreach (string name in path[..^1])
        {
            group = group[name]!.AsObject();
        }

        group[path[^1]] = JsonSerializer.SerializeToNode(value);
    }

    private static JsonElement Value(string text, JsonTypeInfo type)
    {
        if (type.Kind == JsonTypeInfoKind.Enumerable)
        {
            return JsonSerializer.SerializeToElement(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }

        if (type.Type != typeof(string))
        {
            try
            {
                return JsonElement.Parse(text);
            }
            catch (JsonException)
            {
                // Not a literal: kept as text, which the check of its type refuses by name.
            }
        }

        return JsonSerializer.SerializeToElement(text);
    }

    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject o => new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value is null ? null : Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(n => n is null ? null : Sorted(n))]),
        JsonValue v when v.GetValueKind() == JsonValueKind.Number && v.ToJsonString() == "-0" => JsonValue.Create(0),
        _ => node.DeepClone(),
    };
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansDDM.Specs;

/// <summary>The keys of a spec and the type of each, for errors that name the key, what it takes and what was given.</summary>
internal static class SpecKeys
{
    private const string Root = "spec";

    /// <summary>Checks keys and types of a whole document; ranges are <see cref="SpecValidator"/>'s.</summary>
    /// <exception cref="SpecException">A key that does not exist or is given twice, or a value of the wrong type.</exception>
    public static void Check(JsonElement document, JsonSerializerOptions options) =>
        Check(Root, document, options.GetTypeInfo(typeof(RunSpec)), nullable: false);

    /// <summary>The type of one key.</summary>
    /// <exception cref="SpecException">The key does not exist or is a group of keys.</exception>
    public static JsonTypeInfo Find(string[] path, JsonSerializerOptions options)
    {
        JsonTypeInfo type = options.GetTypeInfo(typeof(RunSpec));
        for (int i = 0; i < path.Length; i++)
        {
            JsonPropertyInfo property = Property(type, path[i])
                ?? throw Unknown(string.Join('.', path), i == 0 ? Root : string.Join('.', path[..i]), type);
            type = options.GetTypeInfo(property.PropertyType);
        }

        return type.Kind != JsonTypeInfoKind.Object
            ? type
            : throw new SpecException(string.Join('.', path), $"is a group of keys; name one key in it ({Names(type)})");
    }

    /// <summary>Checks the type of one key's value.</summary>
    /// <exception cref="SpecException">The value has another type.</exception>
    public static void Check(string key, JsonElement value, JsonTypeInfo type, bool nullable = false)
    {
        if (value.ValueKind == JsonValueKind.Null && nullable)
        {
            return;
        }

        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                CheckGroup(key, value, type);
                break;
            case JsonTypeInfoKind.Enumerable:
                Require(value.ValueKind == JsonValueKind.Array, key, "must be a list", value);
                int index = 0;
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Check($"{key}[{index++}]", item, type.Options.GetTypeInfo(type.ElementType!));
                }

                break;
            default:
                CheckScalar(key, value, Nullable.GetUnderlyingType(type.Type) ?? type.Type);
                break;
        }
    }

    private static void CheckGroup(string key, JsonElement value, JsonTypeInfo type)
    {
        Require(value.ValueKind == JsonValueKind.Object, key, $"must be a JSON object with the keys {Names(type)}", value);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty entry in value.EnumerateObject())
        {
            string name = Text(() => entry.Name, key);
            string child = key == Root ? name : $"{key}.{name}";
            JsonPropertyInfo property = Property(type, name) ?? throw Unknown(child, key, type);
            if (!seen.Add(name))
            {
                throw new SpecException(child, "is given twice; keep one of them");
            }

            Check(child, entry.Value, type.Options.GetTypeInfo(property.PropertyType), property.IsSetNullable);
        }
    }

    private static void CheckScalar(string key, JsonElement value, Type type)
    {
        bool number = value.ValueKind == JsonValueKind.Number;
        if (type == typeof(string))
        {
            Require(value.ValueKind == JsonValueKind.String, key, "must be a string", value);
            Text(() => value.GetString()!, key);
        }
        else if (type == typeof(bool))
        {
            Require(value.ValueKind is JsonValueKind.True or JsonValueKind.False, key, "must be true or false", value);
        }
        else if (type == typeof(double))
        {
            Require(number, key, "must be a number", value);
        }
        else if (type == typeof(int))
        {
            Require(number && value.TryGetInt32(out _), key, Invariant($"must be a whole number of at most {int.MaxValue}"), value);
        }
        else if (type == typeof(ulong))
        {
            Require(number && value.TryGetUInt64(out _), key, Invariant($"must be a whole number from 0 to {ulong.MaxValue}"), value);
        }
    }

    private static JsonPropertyInfo? Property(JsonTypeInfo type, string name) =>
        type.Kind == JsonTypeInfoKind.Object ? type.Properties.FirstOrDefault(p => p.Name == name) : null;

    private static SpecException Unknown(string key, string group, JsonTypeInfo type) =>
        new(key.Length == 0 ? "\"\"" : key, type.Kind == JsonTypeInfoKind.Object
            ? $"is not a key; the keys of {group} are {Names(type)}"
            : $"is not a key; {group} has no keys in it");

    private static string Names(JsonTypeInfo type) => string.Join(", ", type.Properties.Select(p => p.Name));

    private static void Require(bool held, string key, string rule, JsonElement value)
    {
        if (!held)
        {
            string given = value.GetRawText();
            throw new SpecException(key, $"{rule}, not {(given.Length <= 40 ? given : given[..40] + "...")}");
        }
    }

    private static string Text(Func<string> read, string key)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new SpecException(key, "holds text that is not valid Unicode");
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

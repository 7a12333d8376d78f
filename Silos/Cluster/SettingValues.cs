using System.Globalization;
using System.Net;

namespace OrleansDDM.Silos.Cluster;

/// <summary>The values of settings as text, with where each comes from; typed and range-checked on the way out.</summary>
internal sealed class SettingValues
{
    private readonly Dictionary<string, (string Text, string Origin)> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sets a value over those of lower layers.</summary>
    public void Set(string key, string text, string origin) => _values[key] = (text, origin);

    /// <summary>The text, or null where it is not set.</summary>
    public string? Text(Setting setting) => _values.TryGetValue(setting.Key, out (string Text, string Origin) value) ? value.Text : null;

    /// <summary>A whole number in a range.</summary>
    public int? Int(Setting setting, int from, int to)
    {
        if (Text(setting) is not { } text)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= from && value <= to
            ? value
            : throw Wrong(setting, $"must be a whole number in [{from}, {to}]");
    }

    /// <summary>Seconds in a range.</summary>
    public TimeSpan? Seconds(Setting setting, double from, double to)
    {
        if (Text(setting) is not { } text)
        {
            return null;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= from && value <= to
            ? TimeSpan.FromSeconds(value)
            : throw Wrong(setting, string.Create(CultureInfo.InvariantCulture, $"must be seconds in [{from}, {to}]"));
    }

    /// <summary>A number in a range.</summary>
    public double? Number(Setting setting, double from, double to)
    {
        if (Text(setting) is not { } text)
        {
            return null;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= from && value <= to
            ? value
            : throw Wrong(setting, string.Create(CultureInfo.InvariantCulture, $"must be a number in [{from}, {to}]"));
    }

    /// <summary>Yes or no.</summary>
    public bool? Bool(Setting setting) => Text(setting) is not { } text ? null
        : bool.TryParse(text, out bool value) ? value
        : throw Wrong(setting, "must be true or false");

    /// <summary>One of an enumeration's names.</summary>
    public T? Name<T>(Setting setting)
        where T : struct, Enum =>
        Text(setting) is not { } text ? null
        : Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value) ? value
        : throw Wrong(setting, "must be one of " + string.Join(", ", Enum.GetNames<T>()));

    /// <summary>An address.</summary>
    public IPAddress? Address(Setting setting) => Text(setting) is not { } text ? null
        : IPAddress.TryParse(text, out IPAddress? value) && !value.Equals(IPAddress.Any) && !value.Equals(IPAddress.IPv6Any) ? value
        : throw Wrong(setting, "must be the IP address at which others reach this silo");

    /// <summary>The error that a value breaks a rule.</summary>
    public ConfigurationException Wrong(Setting setting, string rule) => _values.TryGetValue(setting.Key, out (string Text, string Origin) value)
        ? new ConfigurationException($"{setting.Key} is '{value.Text}' ({value.Origin}); it {rule}.")
        : new ConfigurationException($"{setting.Key} is not set; it {rule}. Set it by --{setting.Flag}, {setting.Variable} or the settings file.");
}

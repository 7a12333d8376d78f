using System.Globalization;

namespace OrleansDDM.Experiments.Reports;

/// <summary>Numbers as a report prints them: invariant culture, "–" for what was not measured.</summary>
public static class Figures
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "–";

    /// <summary>A number with about <paramref name="digits"/> significant digits.</summary>
    /// <param name="value">Null and NaN give <see cref="None"/>.</param>
    /// <param name="digits">Significant digits, 1 to 15.</param>
    public static string Number(double? value, int digits = 4)
    {
        if (value is not { } v || double.IsNaN(v))
        {
            return None;
        }

        if (double.IsInfinity(v))
        {
            return v > 0 ? "∞" : "−∞";
        }

        if (v == 0)
        {
            return "0";
        }

        double size = Math.Abs(v);
        if (size is < 1e-4 or >= 1e9)
        {
            return Signed(v.ToString("0." + new string('#', digits - 1) + "e0", CultureInfo.InvariantCulture));
        }

        int whole = (int)Math.Floor(Math.Log10(size)) + 1;
        int decimals = Math.Clamp(digits - whole, 0, 15);
        return Signed(v.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
    }

    /// <summary>A share in [0, 1] as a percentage with one decimal; its sign stays with it where a line breaks.</summary>
    public static string Share(double? value) =>
        value is { } v && double.IsFinite(v) ? (100 * v).ToString("0.0", CultureInfo.InvariantCulture) + "\u00A0%" : None;

    /// <summary>A count with thousands separators.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A duration in seconds as <c>42 s</c>, <c>3 min 5 s</c> or <c>1 h 2 min</c>.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        double.NaN or < 0 or > 1e9 => None,
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 60} min {(int)seconds % 60} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 3600} h {(int)seconds / 60 % 60} min"),
    };

    // U+2212 is as wide as a digit, and no reader takes it for a hyphen.
    private static string Signed(string text) => text.StartsWith('-') ? "−" + text[1..] : text;
}

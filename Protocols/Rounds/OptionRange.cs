using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>Range checks of protocol options. The key of an error is the name of the member that was checked.</summary>
internal static class OptionRange
{
    // Shorter times would make more timers than a machine can serve; longer ones overflow the clock.
    private const double ShortestSeconds = 0.001, LongestSeconds = 1e6;

    internal static void Within(double value, double minimum, double maximum, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Require(value >= minimum && value <= maximum, member, $"must be {Text(minimum)} .. {Text(maximum)}, not {Text(value)}");

    internal static void Seconds(double? value, [CallerArgumentExpression(nameof(value))] string member = "")
    {
        if (value is { } seconds)
        {
            Within(seconds, ShortestSeconds, LongestSeconds, member);
        }
    }

    internal static void Steps(int value, [CallerArgumentExpression(nameof(value))] string member = "") => Within(value, 1, 1_000_000, member);

    internal static void Fraction(double value, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Require(value is > 0 and <= 1, member, $"must be above 0 and at most 1, not {Text(value)}");

    internal static void Aggregator(AggregatorOptions? value, [CallerArgumentExpression(nameof(value))] string member = "")
    {
        Require(value is not null, member, "must not be null");
        value!.Validate();
    }

    internal static void OneOf(string? value, IReadOnlyCollection<string> names, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Require(value is not null && names.Contains(value), member, $"must be one of {string.Join(", ", names)}, not '{value}'");

    private static void Require(bool holds, string member, string rule)
    {
        if (!holds)
        {
            throw new SpecException("protocol." + JsonNamingPolicy.CamelCase.ConvertName(member), rule);
        }
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}

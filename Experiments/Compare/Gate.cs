using System.Text.Json.Serialization;

namespace OrleansDDM.Experiments.Compare;

/// <summary>A claim and whether it holds.</summary>
/// <param name="Id">Short name, e.g. <c>G1/K=4</c>.</param>
/// <param name="Claim">What is claimed.</param>
/// <param name="Threshold">When it holds; written as <c>gate</c>.</param>
/// <param name="Measured">What was measured, in words.</param>
/// <param name="Interval">Ends of the interval of the measured difference; null where there is none.</param>
/// <param name="Verdict"><c>holds</c> or <c>fails</c>.</param>
public sealed record Gate(
    string Id,
    string Claim,
    [property: JsonPropertyName("gate")] string Threshold,
    string Measured,
    double[]? Interval,
    string Verdict)
{
    /// <summary>The verdict of a claim that holds.</summary>
    public const string Holds = "holds";

    /// <summary>The verdict of a claim that does not hold, or was not shown.</summary>
    public const string Fails = "fails";

    /// <summary>The verdict.</summary>
    public static string VerdictOf(bool holds) => holds ? Holds : Fails;
}

/// <summary>A figure without which a claim would mean little.</summary>
/// <param name="Id">Short name.</param>
/// <param name="Purpose">What it controls for.</param>
/// <param name="Measured">What was measured, in words.</param>
public sealed record Control(string Id, string Purpose, string Measured);

using System.Globalization;
using System.Text.Json;

using OrleansDDM.Protocols.Simulation.Surveys;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Client.Simulate;

/// <summary>Writes what came of simulations to stdout.</summary>
internal static class SimulateText
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The summary of a survey.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="survey">The survey.</param>
    /// <param name="replay">The file that replays the first failure, or null.</param>
    /// <param name="topology">The graph of all runs, or null.</param>
    /// <param name="format">How.</param>
    internal static void Write(TextWriter output, string protocol, SurveyResult survey, string? replay, TopologyFacts? topology, OutputFormat format)
    {
        SurveySummary summary = SurveySummary.Of(protocol, survey, replay, topology);
        if (format == OutputFormat.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(summary, Json));
            return;
        }

        string N(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        output.WriteLine(N($"{protocol}: {summary.Runs} runs in {summary.Seconds:0.0} s, {summary.Failures.Length} failed"));
        if (topology is not null)
        {
            Row("topology", N($"{topology.Kind}: {topology.Nodes} nodes, {topology.Edges} edges, degrees {topology.LeastDegree} .. {topology.MostDegree}, components {topology.Components}"));
            Row("mixing", N($"spectral gap {Known(topology.SpectralGap)}, lambda {Known(topology.SecondEigenvalue)}, chi1 {Known(topology.Chi1)}, chi2 {Known(topology.Chi2)}"));
        }

        Row("rounds", N($"{summary.Rounds.Minimum} .. {summary.Rounds.Maximum}, median {summary.Rounds.Median}"));
        Row("worst stall", N($"{summary.WorstStallSeconds:0.00} s"));
        Row("messages", N($"{summary.Messages}, {summary.LostMessages} lost"));
        Row("bytes", N($"{summary.FrameBytes} in frames, {summary.ModelBytes} in models"));
        Row("refused frames", Counts(summary.Refused));
        Row("ignored inputs", Counts(summary.Ignored));
        Row("final hash", summary.Hash);
        Failed(output, summary.Failures, replay);

        void Row(string name, string value) => output.WriteLine($"  {name,-16}{value}");
    }

    /// <summary>The outcomes of the scenario "storm".</summary>
    /// <param name="output">Where to.</param>
    /// <param name="outcomes">One for each seed.</param>
    /// <param name="replay">The file that replays the first failure, or null.</param>
    /// <param name="format">How.</param>
    internal static void Write(TextWriter output, IReadOnlyList<CrashOutcome> outcomes, string? replay, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            var rows = outcomes.Select(o => new
            {
                o.Plan.Seed,
                o.RoundsBefore,
                o.RoundsAlone,
                WorstStallSeconds = o.WorstStall,
                o.ViewsRight,
                o.RoundsToKnowAll,
                o.Holds,
                o.Failure,
                Hash = $"{o.Result.Hash:x16}",
            });
            output.WriteLine(JsonSerializer.Serialize(new { scenario = "storm", holds = outcomes.All(o => o.Holds), runs = rows, replay }, Json));
            return;
        }

        output.WriteLine($"{"seed",6}{"rounds before",15}{"rounds alone",14}{"worst stall",13}{"views right",13}{"rounds to know all",20}{"holds",7}");
        foreach (CrashOutcome o in outcomes)
        {
            string known = o.RoundsToKnowAll == long.MaxValue ? "never" : o.RoundsToKnowAll.ToString(CultureInfo.InvariantCulture);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{o.Plan.Seed,6}{o.RoundsBefore,15}{o.RoundsAlone,14}{o.WorstStall,11:0.00} s{(o.ViewsRight ? "yes" : "no"),13}{known,20}{(o.Holds ? "yes" : "no"),7}"));
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{outcomes.Count(o => o.Holds)} of {outcomes.Count} hold; worst stall {outcomes.Max(o => o.WorstStall):0.00} s of virtual time."));
        Failed(output, outcomes.Where(o => !o.Holds).Select(o => new SurveyFailure(o.Plan.Seed, o.Failure!)), replay);
    }

    private static void Failed(TextWriter output, IEnumerable<SurveyFailure> failures, string? replay)
    {
        foreach (SurveyFailure failure in failures.Take(10))
        {
            output.WriteLine($"  seed {failure.Seed}: {failure.Message}");
        }

        if (replay is not null)
        {
            output.WriteLine($"Replay the first with: ddm simulate --replay {replay}");
        }
    }

    private static string Known(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture) ?? "unknown";

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        counts.Count == 0 ? "none" : string.Join(", ", counts.Select(c => $"{c.Key} {c.Value}"));
}

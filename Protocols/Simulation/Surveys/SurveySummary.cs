using System.Collections.Immutable;

using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Simulation.Surveys;

/// <summary>The figures of a survey, ready to be written as JSON.</summary>
public sealed record SurveySummary
{
    /// <summary>Protocol.</summary>
    public required string Protocol { get; init; }

    /// <summary>Number of runs.</summary>
    public required int Runs { get; init; }

    /// <summary>Wall time of all, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Highest rounds of the runs.</summary>
    public required SurveySpread Rounds { get; init; }

    /// <summary>Longest virtual time without a new highest round in any run, in seconds.</summary>
    public required double WorstStallSeconds { get; init; }

    /// <summary>Messages of all runs.</summary>
    public required long Messages { get; init; }

    /// <summary>Of these, lost.</summary>
    public required long LostMessages { get; init; }

    /// <summary>Bytes of frames.</summary>
    public required long FrameBytes { get; init; }

    /// <summary>Bytes of models.</summary>
    public required long ModelBytes { get; init; }

    /// <summary>Frames refused, by reason.</summary>
    public required ImmutableSortedDictionary<string, long> Refused { get; init; }

    /// <summary>Inputs ignored, by reason.</summary>
    public required ImmutableSortedDictionary<string, long> Ignored { get; init; }

    /// <summary>16 hexadecimal digits; equal for equal plans.</summary>
    public required string Hash { get; init; }

    /// <summary>Runs that failed.</summary>
    public required ImmutableArray<SurveyFailure> Failures { get; init; }

    /// <summary>The graph of all runs; null where the protocol has none, or each run draws its own.</summary>
    public TopologyFacts? Topology { get; init; }

    /// <summary>File of the plan that replays the first failure; null without one.</summary>
    public string? Replay { get; init; }

    /// <summary>Sums up a survey.</summary>
    public static SurveySummary Of(string protocol, SurveyResult survey, string? replay, TopologyFacts? topology = null)
    {
        long[] rounds = [.. survey.Runs.Select(r => r.Rounds).Order()];
        return new SurveySummary
        {
            Protocol = protocol,
            Runs = survey.Runs.Length,
            Seconds = survey.Seconds,
            Rounds = rounds.Length == 0 ? new SurveySpread(0, 0, 0) : new SurveySpread(rounds[0], rounds[rounds.Length / 2], rounds[^1]),
            WorstStallSeconds = survey.Runs.Select(r => r.WorstStall).DefaultIfEmpty().Max(),
            Messages = survey.Runs.Sum(r => r.Result.Messages),
            LostMessages = survey.Runs.Sum(r => r.Result.Lost),
            FrameBytes = survey.Runs.Sum(r => r.Result.FrameBytes),
            ModelBytes = survey.Runs.Sum(r => r.Result.ModelBytes),
            Refused = Sum(survey.Runs.SelectMany(r => r.Result.Refused.Select(c => KeyValuePair.Create(c.Key.ToString(), c.Value)))),
            Ignored = Sum(survey.Runs.SelectMany(r => r.Result.Ignored)),
            Hash = $"{survey.Hash:x16}",
            Failures = [.. survey.Failures.Select(f => new SurveyFailure(f.Seed, f.Failure!))],
            Topology = topology,
            Replay = replay,
        };
    }

    private static ImmutableSortedDictionary<string, long> Sum(IEnumerable<KeyValuePair<string, long>> counts) =>
        counts.GroupBy(c => c.Key, StringComparer.Ordinal).ToImmutableSortedDictionary(g => g.Key, g => g.Sum(c => c.Value), StringComparer.Ordinal);
}

/// <summary>Smallest, middle and largest.</summary>
/// <param name="Minimum">Smallest.</param>
/// <param name="Median">Middle; the upper of two.</param>
/// <param name="Maximum">Largest.</param>
public readonly record struct SurveySpread(long Minimum, long Median, long Maximum);

/// <summary>A run that failed.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Message">What did not hold.</param>
public sealed record SurveyFailure(ulong Seed, string Message);

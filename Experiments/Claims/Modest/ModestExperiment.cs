using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Modest;

/// <summary>
/// MoDeST (de Vos et al., arXiv 2302.13837): a fresh sample of peers trains in every round and one of them aggregates, without a server. It is
/// to converge as federated averaging does, with a fraction of the traffic of D-SGD, and to live through the loss of most peers.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class ModestExperiment(ModestSettings settings) : ClaimExperiment
{
    private const string Exponential = "dsgd-exponential", Regular = "dsgd-regular", One = "modest-a1", Two = "modest-a2", FedAvg = "fedavg";
    private const string Crash = "crash", NoTimeouts = "crash-no-timeouts", Join = "join", Match = "match";

    /// <inheritdoc/>
    public override string Name => "modest";

    /// <inheritdoc/>
    public override string Title => "MoDeST against D-SGD and FedAvg";

    /// <inheritdoc/>
    public override string Paper =>
        "De Vos, Dhasade, Kermarrec et al., arXiv 2302.13837: converges as fast as federated learning, needs 3 to 14 times less communication than "
        + "decentralized learning, and adapts even when 80 % of the nodes become unresponsive.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms { get; } =
    [
        .. new[] { "iid", "skewed" }.SelectMany(data => new[] { Exponential, Regular, One, Two, FedAvg }.Select(arm => $"{data}-{arm}")),
        Match, Crash, NoTimeouts, Join,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("megabytes", "MB to the target"), new("virtualSeconds", "virtual seconds to it"), new("rounds", "rounds to it"),
        new("roundsToHigher", "rounds to the higher target"), new("finalAccuracy", "final accuracy", true),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(arm);
        ArgumentNullException.ThrowIfNull(context);
        bool skewed = arm.StartsWith("skewed-", StringComparison.Ordinal);
        PeerData data = context.Data(skewed ? settings.Skewed : settings.Iid, seed);
        using IClassifierEngine engine = ClassifierEngines.Create(
            new PerceptronKind([data.Train.Width, .. settings.Hidden, data.Classes]), context.Threads);
        var training = new PeerLearning(engine, data, new LocalStep(settings.Batch), settings.Rate, seed);
        var arms = new ModestArms(settings, training, seed, cancellation);
        double target = skewed ? settings.SkewedTarget : settings.IidTarget;
        double higher = skewed ? settings.SkewedRoundsTarget : settings.IidRoundsTarget;
        return arm[(arm.StartsWith("iid-", StringComparison.Ordinal) || skewed ? arm.IndexOf('-', StringComparison.Ordinal) + 1 : 0)..] switch
        {
            Exponential => arms.Dpsgd(new TopologyPlan { Kind = "one-peer-exponential" }, target),
            Regular => arms.Dpsgd(new TopologyPlan { Kind = "random-regular", Degree = settings.Degree, Seed = seed }, target),
            One => arms.Aggregated("modest", Options(1), target, higher),
            Two => arms.Aggregated("modest", Options(2), target, higher),
            FedAvg => arms.Aggregated("fedavg", new FedAvgOptions { SampleSize = settings.SampleSize, Steps = settings.Steps, WeightBySamples = false }, target, higher),
            Match => arms.Match(),
            Crash => arms.Crash(timeouts: true),
            NoTimeouts => arms.Crash(timeouts: false),
            Join => arms.Join(),
            _ => throw new ArgumentException($"There is no arm '{arm}'.", nameof(arm)),
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        int survivors = settings.Iid.Peers - (settings.Crashes * settings.CrashPeers);
        double mostJoin = 3.0 * settings.Iid.Peers / settings.SampleSize;
        return
        [
            Bytes("C3", "iid", settings.IidTarget, "equal shares"),
            Bytes("C3/skewed", "skewed", settings.SkewedTarget, "unlike classes"),
            Time("C3/time", "iid", settings.IidTarget, "equal shares"),
            Time("C3/time-skewed", "skewed", settings.SkewedTarget, "unlike classes"),
            Rounds("C4", "iid", settings.IidRoundsTarget, "equal shares"),
            Rounds("C4/skewed", "skewed", settings.SkewedRoundsTarget, "unlike classes"),
            ClaimGates.Mean(
                "C4/match", "On the same samples MoDeST computes what FedAvg computes", $"largest difference of a parameter after {settings.MatchRounds} rounds <= 1e-5",
                records.Values(Match, "largestDifference"), d => d <= 1e-5),
            ClaimGates.Mean(
                "C5/rounds", "Training goes on when 80 % of the peers have crashed", "at least 100 rounds after the last crash, under every seed",
                [.. records.Values(Crash, "roundsAfter")], _ => records.Values(Crash, "roundsAfter").Min() >= 100),
            ClaimGates.Mean(
                "C5/accuracy", "Accuracy does not suffer", "lowest accuracy after the first crash - accuracy before it >= -2 pp",
                records.Each(arm => 100 * (arm(Crash)["lowestAccuracy"] - arm(Crash)["accuracyBefore"])), d => d >= -2, " pp"),
            ClaimGates.Mean(
                "C5/end", "It goes on rising", "final accuracy - accuracy before the first crash > 0",
                records.Each(arm => 100 * (arm(Crash)["finalAccuracy"] - arm(Crash)["accuracyBefore"])), d => d > 0, " pp"),
            ClaimGates.Mean(
                "C5/view", "The survivors know who is left", $"every survivor counts {survivors} ± 1 candidates, under every seed",
                records.Values(Crash, "viewHigh"),
                _ => records.Values(Crash, "viewLow").Min() >= survivors - 1 && records.Values(Crash, "viewHigh").Max() <= survivors + 1,
                note: $"; lowest {ClaimGates.Text(records.Values(Crash, "viewLow"))}"),
            ClaimGates.Mean(
                "C5/join", "Late peers become known to all", $"within 3 n/s = {Figures.Number(mostJoin)} rounds, the slowest under every seed",
                records.Values(Join, "slowestJoin"), _ => records.Values(Join, "slowestJoin").Max() <= mostJoin, " rounds"),
        ];

        Gate Bytes(string id, string data, double target, string shares) => ClaimGates.Mean(
            id,
            $"MoDeST needs far fewer bytes than D-SGD on the one-peer exponential graph ({shares})",
            $"bytes to {Figures.Share(target)}, D-SGD / MoDeST with one aggregator, >= 3",
            records.Each(arm => arm($"{data}-{Exponential}")["megabytes"] / arm($"{data}-{One}")["megabytes"]),
            r => r >= 3 && records.Values($"{data}-{One}", "reached").All(reached => reached > 0),
            " times",
            Unreached(data, Exponential));

        Gate Time(string id, string data, double target, string shares) => ClaimGates.Mean(
            id,
            $"MoDeST is there sooner than D-SGD on the one-peer exponential graph, as the paper's second version says ({shares})",
            $"virtual seconds to {Figures.Share(target)}, D-SGD / MoDeST with one aggregator, >= 1.2",
            records.Each(arm => arm($"{data}-{Exponential}")["virtualSeconds"] / arm($"{data}-{One}")["virtualSeconds"]),
            r => r >= 1.2 && records.Values($"{data}-{One}", "reached").All(reached => reached > 0),
            " times",
            Unreached(data, Exponential));

        string Unreached(string data, string arm) => records.Values($"{data}-{arm}", "reached").Count(reached => reached == 0) is > 0 and var count
            ? $"; D-SGD did not get there in {settings.MostRounds} rounds under {count} of {records.Seeds.Count} seeds and is counted with all of them"
            : "";

        Gate Rounds(string id, string data, double target, string shares) => ClaimGates.RatioOfMeans(
            id,
            $"MoDeST needs as many rounds as FedAvg ({shares})",
            $"mean rounds to {Figures.Share(target)}, MoDeST / FedAvg, within 0.75 .. 1.25",
            records.Values($"{data}-{One}", "roundsToHigher"),
            records.Values($"{data}-{FedAvg}", "roundsToHigher"),
            r => r is >= 0.75 and <= 1.25);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        double ratio = settings.Iid.Peers / (2.0 * settings.SampleSize);
        int stalled = records.Values(NoTimeouts, "stalled").Count(s => s > 0);
        return
        [
            new Control(
                "n/(2sa)",
                "The ratio of bytes is mostly one of transfers in a round, n / (2 s a): it grows with the number of peers and says nothing of a small cluster",
                $"Here n / (2 s a) = {Figures.Number(ratio)} with a = 1 and {Figures.Number(ratio / 2)} with a = 2; with n = 20 it would be 1. Two aggregators: {Times("iid", Exponential, Two, "megabytes")} with equal shares, {Times("skewed", Exponential, Two, "megabytes")} with unlike classes"),
            new Control(
                "regular graph",
                "D-SGD on a denser graph sends more",
                $"{settings.Degree}-regular over MoDeST: {Times("iid", Regular, One, "megabytes")} and {Times("skewed", Regular, One, "megabytes")}"),
            new Control(
                "virtual time",
                "A MoDeST round is a chain of messages between cities, and here models are small and steps short, so that latency is all; the papers' gain in time comes from slow links and devices",
                $"Virtual seconds to the target with equal shares: D-SGD {Value(Exponential)}, MoDeST {Value(One)}, FedAvg with its server {Value(FedAvg)}"),
            new Control(
                "no timeouts",
                "The published form, in which an aggregator waits for ever, under the same crashes",
                $"Stalled under {stalled} of {records.Seeds.Count} seeds, after {ClaimGates.Text(records.Values(NoTimeouts, "rounds"))} rounds; with timeouts {records.Values(Crash, "stalled").Count(s => s > 0)} of {records.Seeds.Count}"),
            new Control("common start", "All arms start from the same initial model under a seed", "Without it, averaging would first have to undo the damage that the variance claim is about, and D-SGD would look dearer than it is"),
        ];

        string Value(string arm) => ClaimGates.Text(records.Values($"iid-{arm}", "virtualSeconds"));

        string Times(string data, string over, string under, string value) =>
            ClaimGates.Text(records.Each(arm => arm($"{data}-{over}")[value] / arm($"{data}-{under}")[value]), " times");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            .. new[] { ("iid", "equal shares"), ("skewed", "unlike classes") }.Select(d => new ClaimChart(
                d.Item1,
                $"Accuracy by traffic, {d.Item2}",
                "MB sent by all peers",
                "accuracy",
                [.. new[] { Exponential, One, Two, FedAvg }.Select(arm => (arm, records.Of($"{d.Item1}-{arm}", records.Seeds[0]).Curves["transfers"]))],
                Seed: records.Seeds[0])),
            new ClaimChart(
                "crash",
                "80 % of the peers crash",
                "round",
                "accuracy",
                [.. new[] { Crash, NoTimeouts }.Select(arm => (arm, records.Of(arm, records.Seeds[0]).Curves["accuracy"]))],
                Seed: records.Seeds[0]),
        ];
    }

    private ModestOptions Options(int aggregators) => new() { SampleSize = settings.SampleSize, Aggregators = aggregators, Steps = settings.Steps };
}

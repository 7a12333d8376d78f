using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Variance;

/// <summary>
/// Variance-corrected averaging (Tian et al., arXiv 2404.04616): averaging models that started apart shrinks the variance of every layer, and
/// with it signals and gradients; learning stands still until the models agree. Scaling each layer back to the variance of single models
/// is to remove that plateau. Arms are NETWORK-AVERAGE: plain, corrected, and plain from a common initial model as the control.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class VarianceExperiment(VarianceSettings settings) : ClaimExperiment
{
    private const string Plain = "plain", Corrected = "corrected", Common = "common-start";
    private const string Three = "mlp3", Four = "mlp4", Pairs = "pairs";

    /// <inheritdoc/>
    public override string Name => "variance";

    /// <inheritdoc/>
    public override string Title => "Vanishing variance in decentralized averaging";

    /// <inheritdoc/>
    public override string Paper =>
        "Tian, Al-Ars, Kitsak, Hofstee, arXiv 2404.04616: models from independent initial weights lose their variance when they are averaged, which stops "
        + "learning; correcting the variance makes decentralized learning converge several times faster.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms { get; } =
        [.. new[] { Three, Four, Pairs }.SelectMany(network => new[] { Plain, Corrected, Common }.Select(average => $"{network}-{average}"))];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("roundsToTarget", "rounds to the target"), new("roundsToHighTarget", "rounds to the high target"),
        new("finalAccuracy", "final accuracy", true), new("varianceKept", "variance kept", true),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(arm);
        ArgumentNullException.ThrowIfNull(context);
        (string network, string average) = (arm[..arm.IndexOf('-', StringComparison.Ordinal)], arm[(arm.IndexOf('-', StringComparison.Ordinal) + 1)..]);
        PeerData data = context.Data(network == Pairs ? settings.Pairs : settings.Data, seed);
        var kind = new PerceptronKind([data.Train.Width, .. network == Four ? settings.Four : settings.Three, data.Classes]);
        using IClassifierEngine engine = ClassifierEngines.Create(kind, context.Threads);
        var training = new PeerLearning(engine, data, new LocalStep(settings.Batch, settings.Momentum), settings.Rate, seed);
        using var rounds = new PeerRounds(training, common: average == Common);
        int peers = data.Shards.Length;
        int[] all = [.. Enumerable.Range(0, peers)];
        Topology graph = Graphs.RandomRegular(peers, settings.Degree, seed);
        double before = rounds.FirstWeightVariance(), kept = double.NaN;
        CurveBuilder accuracy = new(), variance = new();
        variance.Add(0, 1);
        for (int round = 1; round <= settings.Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            rounds.Train(round, 1, all);
            IReadOnlyList<int>[] neighbours = network == Pairs ? Matching(peers, seed, round) : [.. graph.Neighbours.Select(n => (IReadOnlyList<int>)n)];
            if (average == Corrected)
            {
                rounds.MixCorrected(i => neighbours[i]);
            }
            else
            {
                rounds.Mix(i => [new MixingWeight(i, 0.5), .. neighbours[i].Select(j => new MixingWeight(j, 0.5 / neighbours[i].Count))]);
            }

            if (round == settings.VarianceRound)
            {
                kept = rounds.FirstWeightVariance() / before;
            }

            if (round % settings.Every == 0)
            {
                accuracy.Add(round, rounds.Accuracy(all));
                variance.Add(round, rounds.FirstWeightVariance() / before);
            }
        }

        return new ArmRecord
        {
            Values =
            {
                ["roundsToTarget"] = accuracy.Curve.Reaches(settings.Target),
                ["roundsToHighTarget"] = accuracy.Curve.Reaches(settings.HighTarget),
                ["finalAccuracy"] = accuracy.Last,
                ["varianceKept"] = kept,
            },
            Curves = { ["accuracy"] = accuracy.Curve, ["variance"] = variance.Curve },
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        string target = Figures.Share(settings.Target), high = Figures.Share(settings.HighTarget);
        return
        [
            Speed("C1", Three, "three layers", 0.6),
            Speed("C1/4-layer", Four, "four layers", 0.5),
            ClaimGates.Mean(
                "C1/final",
                "The correction does not cost final accuracy",
                "final accuracy corrected - plain >= -1 pp (three layers)",
                records.Each(arm => 100 * (arm($"{Three}-{Corrected}")["finalAccuracy"] - arm($"{Three}-{Plain}")["finalAccuracy"])),
                d => d >= -1,
                " pp"),
            ClaimGates.Mean(
                "C1/variance-plain",
                "Plain averaging loses the variance of the first layer",
                $"after {settings.VarianceRound} rounds it is below 25 % of the initial one",
                Percent(Three, Plain),
                v => v < 25,
                " %"),
            ClaimGates.Mean(
                "C1/variance-corrected",
                "The correction keeps it",
                $"after {settings.VarianceRound} rounds it is within 10 % of the initial one",
                Percent(Three, Corrected),
                v => Math.Abs(v - 100) <= 10,
                " %"),
            ToCommon("C2", Three, "four-regular"),
            ToCommon("C2/pairwise", Pairs, "pairwise exchange"),
        ];

        double[] Percent(string network, string average) => records.Each(arm => 100 * arm($"{network}-{average}")["varianceKept"]);

        Gate Speed(string id, string network, string layers, double most) => ClaimGates.Mean(
            id,
            $"From independent initial models, corrected averaging learns faster than plain averaging ({layers})",
            $"rounds to {target}, corrected / plain, <= {Figures.Number(most)}",
            records.Each(arm => arm($"{network}-{Corrected}")["roundsToTarget"] / Bounded(arm($"{network}-{Plain}")["roundsToTarget"])),
            r => r <= most,
            note: $"; corrected {ClaimGates.Text(records.Values($"{network}-{Corrected}", "roundsToTarget"))}, plain {ClaimGates.Text(records.Values($"{network}-{Plain}", "roundsToTarget"))} rounds");

        Gate ToCommon(string id, string network, string graph) => ClaimGates.Mean(
            id,
            $"Corrected averaging from independent initial models is about as fast as a common initial model ({graph})",
            $"rounds to {high}, corrected / common start, <= 1.3",
            records.Each(arm => arm($"{network}-{Corrected}")["roundsToHighTarget"] / arm($"{network}-{Common}")["roundsToHighTarget"]),
            r => r <= 1.3);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new Control(
                "common seed",
                "A common initial model, which a shared seed gives at no cost, removes the plateau without any correction; the correction matters for independent initial models, late joiners and merging populations",
                $"Rounds to {Figures.Share(settings.Target)}, plain from a common start: three layers {Text(Three, Common)}, four layers {Text(Four, Common)}; corrected: {Text(Three, Corrected)} and {Text(Four, Corrected)}"),
            new Control(
                "pairwise",
                "Each peer meets one random other in a round",
                $"Rounds to {Figures.Share(settings.Target)}: plain {Text(Pairs, Plain)}, corrected {Text(Pairs, Corrected)}, common start {Text(Pairs, Common)}"),
        ];

        string Text(string network, string average) => ClaimGates.Text(records.Values($"{network}-{average}", "roundsToTarget"));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            .. new[] { (Three, "three layers"), (Four, "four layers"), (Pairs, "pairwise exchange") }.Select(n => new ClaimChart(
                n.Item1,
                $"Accuracy by round, {n.Item2}",
                "round",
                "mean accuracy of the peers' models",
                [.. new[] { Plain, Corrected, Common }.Select(a => (a, records.Mean($"{n.Item1}-{a}", "accuracy")))])),
            new ClaimChart(
                "weights",
                "Variance of the first layer, three layers",
                "round",
                "variance / initial variance",
                [.. new[] { Plain, Corrected, Common }.Select(a => (a, records.Mean($"{Three}-{a}", "variance")))]),
        ];
    }

    // A plain run that never gets there counts as all of its rounds, which flatters it.
    private double Bounded(double rounds) => double.IsNaN(rounds) ? settings.Rounds : rounds;

    private static IReadOnlyList<int>[] Matching(int peers, ulong seed, int round)
    {
        int[] order = new CounterStream(seed, "pairwise-matching", (ulong)round).Distinct(peers, peers);
        var partners = new IReadOnlyList<int>[peers];
        Array.Fill(partners, []);
        for (int i = 0; i + 1 < peers; i += 2)
        {
            partners[order[i]] = [order[i + 1]];
            partners[order[i + 1]] = [order[i]];
        }

        return partners;
    }
}

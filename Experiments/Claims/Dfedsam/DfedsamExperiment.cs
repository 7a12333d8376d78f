using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Dfedsam;

/// <summary>
/// DFedSAM and DFedSAM-MGS (Shi et al., ICML 2023, arXiv 2302.04083): local steps with sharpness-aware minimisation, and Q gossip steps in a round
/// instead of one, on a ring with Metropolis-Hastings weights and skewed classes. Arms: data, ρ (plain = 0 or SAM) and Q.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class DfedsamExperiment(DfedsamSettings settings) : ClaimExperiment
{
    private const string Plain = "clean-plain-q1", Sam = "clean-sam-q1", PlainMgs = "clean-plain-mgs", SamMgs = "clean-sam-mgs";
    private const string MoreRounds = "clean-plain-q1-more-rounds", ShortRounds = "clean-plain-q1-short-rounds", Exponential = "clean-plain-exponential";
    private const string Noisy = "noisy", NoisyIid = "noisy-iid";
    private const string PlainOne = "-plain-q1", SamOne = "-sam-q1", PlainSteps = "-plain-mgs", SamSteps = "-sam-mgs", LargeOne = "-large-sam-q1";

    /// <inheritdoc/>
    public override string Name => "dfedsam";

    /// <inheritdoc/>
    public override string Title => "Sharpness-aware local steps and multiple gossip steps";

    /// <inheritdoc/>
    public override string Paper =>
        "Shi, Shen, Wei, Sun, Yuan, Wang, Tao, ICML 2023, arXiv 2302.04083: DFedSAM and DFedSAM-MGS reduce the inconsistency of local models, are "
        + "competitive with centralized federated learning and outperform existing decentralized methods.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms { get; } =
    [
        Plain, Sam, PlainMgs, SamMgs, MoreRounds, ShortRounds, Exponential,
        .. new[] { Noisy, NoisyIid }.SelectMany(data => new[] { PlainOne, SamOne, PlainSteps, SamSteps, LargeOne }.Select(arm => data + arm)),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("accuracy", "accuracy", true), new("consensus", "consensus distance"), new("exchanges", "models sent by a peer"), new("gradients", "gradients of a peer"),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(arm);
        ArgumentNullException.ThrowIfNull(context);
        bool noisy = arm.StartsWith("noisy", StringComparison.Ordinal);
        PeerData data = context.Data(
            arm.StartsWith(NoisyIid, StringComparison.Ordinal) ? settings.NoisyIid : noisy ? settings.Noisy : settings.Clean, seed);
        int gossip = arm.EndsWith("-mgs", StringComparison.Ordinal) ? settings.GossipSteps : 1;
        float radius = arm switch
        {
            Sam or SamMgs => settings.CleanRadius,
            Noisy + LargeOne or NoisyIid + LargeOne => settings.LargeRadius,
            _ when noisy && arm.Contains("-sam-", StringComparison.Ordinal) => settings.NoisyRadius,
            _ => 0,
        };

        // Equal communication: as many exchanges as with Q gossip steps, at Q times or at about the same number of local steps in all.
        int total = (noisy ? settings.NoisyRounds : settings.CleanRounds) * (arm is MoreRounds or ShortRounds ? settings.GossipSteps : 1);
        int steps = arm == ShortRounds ? (settings.Steps + settings.GossipSteps - 1) / settings.GossipSteps : settings.Steps;
        int peers = data.Shards.Length;
        Topology graph = arm == Exponential ? Graphs.Exponential(peers) : Graphs.Ring(peers);
        var mixing = new MetropolisMixing(graph);
        using IClassifierEngine engine = ClassifierEngines.Create(
            new PerceptronKind([data.Train.Width, .. settings.Hidden, data.Classes]), context.Threads);
        var training = new PeerLearning(engine, data, new LocalStep(settings.Batch, Radius: radius), settings.Rate, seed);
        using var rounds = new PeerRounds(training, common: true);
        int[] all = [.. Enumerable.Range(0, peers)];
        var accuracy = new CurveBuilder();
        for (int round = 0; round < total; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            rounds.Train(round, steps, all);
            for (int q = 0; q < gossip; q++)
            {
                rounds.Mix(i => mixing.Row(i, round));
            }

            if ((round + 1) % settings.Every == 0 || round + 1 == total)
            {
                accuracy.Add(round + 1, rounds.Accuracy(all));
            }
        }

        return new ArmRecord
        {
            Values =
            {
                ["accuracy"] = accuracy.Last,
                ["consensus"] = rounds.ConsensusDistance(all),
                ["exchanges"] = (double)total * gossip * graph.Degree(0),
                ["gradients"] = (double)total * steps * (radius > 0 ? 2 : 1),
                ["secondEigenvalue"] = Spectrum.SecondEigenvalue(Spectrum.MixingMatrix(mixing)),
            },
            Curves = { ["accuracy"] = accuracy.Curve },
        };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        int q = settings.GossipSteps;
        return
        [
            ClaimGates.Mean(
                "C7/consensus", "Multiple gossip steps bring the local models together", $"consensus distance on the ring, Q = 1 / Q = {q}, >= 3",
                records.Each(arm => arm(Plain)["consensus"] / arm(PlainMgs)["consensus"]), r => r >= 3, " times"),
            ClaimGates.Mean(
                "C7/accuracy", "They raise the accuracy of the local models", $"mean local accuracy on the ring, Q = {q} - Q = 1, >= 2 pp",
                Difference(PlainMgs, Plain), d => d >= 2, " pp"),
            ClaimGates.Mean(
                "C7/equal-communication", "They do so at equal communication and about equal computation",
                $"mean local accuracy, Q = {q} - Q = 1 with {q} times as many rounds of a {q}th of the local steps, >= 0",
                Difference(PlainMgs, ShortRounds), d => d >= 0, " pp"),
            WrongLabels("C8", Noisy, "unlike classes"),
            WrongLabels("C8/iid", NoisyIid, "equal shares"),
            Best("C8/best", Noisy, "unlike classes"),
            Best("C8/best-iid", NoisyIid, "equal shares"),
        ];

        Gate WrongLabels(string id, string data, string shares) => ClaimGates.Mean(
            id,
            $"With {Figures.Share(settings.Noisy.LabelNoise)} wrong labels sharpness-aware steps help ({shares})",
            $"mean local accuracy, ρ = {Figures.Number(settings.NoisyRadius, 2)} - ρ = 0, Q = 1, >= 1 pp",
            Difference(data + SamOne, data + PlainOne),
            d => d >= 1,
            " pp");

        Gate Best(string id, string data, string shares) => ClaimGates.Mean(
            id,
            $"With wrong labels both together are the best of the four ({shares})",
            "mean local accuracy, SAM with Q gossip steps - the best of the other three means, > 0",
            Difference(data + SamSteps, new[] { PlainOne, SamOne, PlainSteps }.Select(arm => data + arm).MaxBy(arm => records.Values(arm, "accuracy").Average())!),
            d => d > 0,
            " pp");

        double[] Difference(string better, string worse) => records.Each(arm => 100 * (arm(better)["accuracy"] - arm(worse)["accuracy"]));
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new Control(
                "clean data", "SAM where labels are right",
                $"ρ = {Figures.Number(settings.CleanRadius, 2)} changes mean local accuracy by {ClaimGates.Text(records.Each(arm => 100 * (arm(Sam)["accuracy"] - arm(Plain)["accuracy"])), " pp")} with Q = 1 and by {ClaimGates.Text(records.Each(arm => 100 * (arm(SamMgs)["accuracy"] - arm(PlainMgs)["accuracy"])), " pp")} with Q = {settings.GossipSteps}; consensus distance {ClaimGates.Text(records.Values(Sam, "consensus"))} against {ClaimGates.Text(records.Values(Plain, "consensus"))}"),
            new Control(
                "equal communication", "Q gossip steps send Q times as much as one",
                $"Q = {settings.GossipSteps}: {Percent(PlainMgs)}; Q = 1 with {settings.GossipSteps} times the rounds: {Percent(MoreRounds)} with full rounds (as many times the computation), {Percent(ShortRounds)} with short ones"),
            new Control(
                "topology", "A better graph instead of more steps on a poor one",
                $"Exponential graph, ρ = 0, Q = 1: {Percent(Exponential)}; ring {Percent(Plain)}. Second eigenvalue {Figures.Number(records.Values(Exponential, "secondEigenvalue")[0], 3)} against {Figures.Number(records.Values(Plain, "secondEigenvalue")[0], 3)} of the ring"),
            new Control("computation", "SAM takes two gradients a step", "The arms have equal steps, so SAM had twice the gradients"),
            new Control("large radius", $"ρ = {Figures.Number(settings.LargeRadius, 2)} with wrong labels", $"{Percent(Noisy + LargeOne)}, against {Percent(Noisy + PlainOne)} with ρ = 0"),
        ];

        string Percent(string arm) => ClaimGates.Text(records.Each(of => 100 * of(arm)["accuracy"]), " %");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new ClaimChart("clean", "Mean local accuracy, right labels", "round", "accuracy", Lines(Plain, Sam, PlainMgs, SamMgs, Exponential)),
            .. new[] { (Noisy, "unlike classes"), (NoisyIid, "equal shares") }.Select(data => new ClaimChart(
                data.Item1,
                $"Mean local accuracy, {Figures.Share(settings.Noisy.LabelNoise)} wrong labels, {data.Item2}",
                "round",
                "accuracy",
                Lines([.. new[] { PlainOne, SamOne, PlainSteps, SamSteps, LargeOne }.Select(arm => data.Item1 + arm)]))),
        ];

        (string, ArmCurve)[] Lines(params string[] arms) => [.. arms.Select(arm => (arm, records.Mean(arm, "accuracy")))];
    }
}

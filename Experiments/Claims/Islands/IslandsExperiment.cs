using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Experiments.Reports;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims.Islands;

/// <summary>
/// What this project is for: each expert of a decentralized diffusion model is trained by an island of peers that hold unlike shards, some of which
/// never answer, against experts that are trained by one peer each. All arms draw as many samples in training.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class IslandsExperiment(IslandsSettings settings) : ClaimExperiment
{
    private const string Islands = "islands", Whole = "islands-all-reachable", Ones = "islands-of-one", OnePlace = "one-place", Single = "peer-alone";

    /// <inheritdoc/>
    public override string Name => "islands";

    /// <inheritdoc/>
    public override string Title => "Experts trained by islands of peers against islands of one";

    /// <inheritdoc/>
    public override string Paper =>
        "A claim of this project, of no paper: experts of a decentralized diffusion model (McAllister et al., arXiv 2501.05450) can be trained by islands of "
        + "peers (MoDeST, arXiv 2302.13837) though part of them never answers, and come out better than those that the best-placed peer trains alone.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms { get; } =
        [Islands, Ones, Whole, OnePlace, .. Enumerable.Range(1, settings.SinglePeers).Select(i => FormattableString.Invariant($"{Single}-{i}"))];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("distance", "Fréchet distance"), new("loss", "held-out loss"), new("megabytes", "MB of models"), new("unreachable", "peers that never answered"),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(arm);
        ArgumentNullException.ThrowIfNull(context);
        return RunAsync(arm, seed, context, cancellation).GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        string share = Figures.Share(settings.Unreachable);
        return
        [
            ClaimGates.GeometricMean(
                "I1", $"With {share} of the peers unreachable, samples of the islands' ensemble are nearer to the data than those of islands of one",
                "Fréchet distance, islands of one / islands, geometric mean over seeds, >= 1.1",
                records.Values(Ones, "distance"), records.Values(Islands, "distance"), r => r >= 1.1, " times"),
            ClaimGates.Mean(
                "I2", "So is their held-out loss lower", "loss, islands - islands of one, <= 0",
                records.Each(arm => arm(Islands)["loss"] - arm(Ones)["loss"]), d => d <= 0),
            ClaimGates.GeometricMean(
                "I3", $"That {share} of the peers never answer costs little", "Fréchet distance, unreachable / all reachable, geometric mean over seeds, <= 1.25",
                records.Values(Islands, "distance"), records.Values(Whole, "distance"), r => r <= 1.25, " times"),
            ClaimGates.Mean(
                "I4", "Nobody waits for those who do not answer", "rounds completed / planned, least of all models, = 1 under every seed",
                records.Values(Islands, "completed"), _ => records.Values(Islands, "completed").Min() >= 1),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        string[] single = [.. Arms.Where(a => a.StartsWith(Single, StringComparison.Ordinal))];
        return
        [
            new Control(
                "one place", "What training in one place, on all images and as many samples, comes to: what islands still lack",
                $"Fréchet distance {ClaimGates.Text(records.Values(OnePlace, "distance"))} against {ClaimGates.Text(records.Values(Islands, "distance"))}; loss {ClaimGates.Text(records.Values(OnePlace, "loss"))} against {ClaimGates.Text(records.Values(Islands, "loss"))}"),
            new Control(
                "each peer alone", "What a single peer comes to that trains all experts on its own shard; peers drawn by the seed",
                $"Fréchet distance {ClaimGates.Text([.. records.Seeds.Select(seed => single.Average(a => records.Of(a, seed)["distance"]))])}, loss {ClaimGates.Text([.. records.Seeds.Select(seed => single.Average(a => records.Of(a, seed)["loss"]))])}"),
            new Control(
                "equal samples", "All arms draw as many training samples, and islands take as many steps one after the other as one place does, each peer on a small batch",
                $"{settings.Steps} steps of {settings.Batch / settings.Experts} for each model in one place; in islands {settings.SampleSize} peers at a time, {settings.LocalSteps} steps of {settings.PeerBatch} a round"),
            new Control(
                "traffic", "Models that peers received, all islands together",
                $"{ClaimGates.Text(records.Values(Islands, "megabytes"), " MB")}; with all reachable {ClaimGates.Text(records.Values(Whole, "megabytes"), " MB")}"),
            new Control(
                "order of messages", "Which models meet depends on the order in which messages come, so arms of islands do not repeat bit by bit",
                "Islands of one, one place and single peers do"),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new ClaimChart(
                "validation",
                "Validation loss of the experts, each on its cluster",
                "steps of one place on as many samples",
                "mean loss",
                [.. Arms.Select(arm => (arm, records.Of(arm, records.Seeds[0]).Curves["validation"]))],
                Seed: records.Seeds[0]),
        ];
    }

    /// <summary>The run that an arm trains.</summary>
    public RunSpec RunOf(string arm, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(arm);
        return settings.Run(FormattableString.Invariant($"{arm}-seed-{seed}"), seed, SpecOf(arm, seed));
    }

    private IslandsSpec SpecOf(string arm, ulong seed) => arm switch
    {
        Islands => settings.Island("modest") with { Unreachable = settings.Unreachable },
        Whole => settings.Island("modest"),
        Ones => settings.Island("isolated"),
        OnePlace => new IslandsSpec(),
        _ when arm.StartsWith(Single, StringComparison.Ordinal) => settings.Island("isolated") with
        {
            Peer = new CounterStream(seed, "islands-single").Distinct(settings.SinglePeers, settings.Peers)[int.Parse(arm.AsSpan(Single.Length + 1)) - 1],
        },
        _ => throw new ArgumentException($"There is no arm '{arm}'.", nameof(arm)),
    };

    private async Task<ArmRecord> RunAsync(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        RunSpec spec = RunOf(arm, seed);
        CompareJudge network = await JudgeThread.RunAsync(() => context.Judge(spec.Data, EnsembleJudge.Metric(settings), cancellation));
        TrainedEnsemble ensemble = await context.RequireEnsembles().TrainAsync(spec, cancellation);
        var judge = new EnsembleJudge(settings, network);
        var record = new ArmRecord();
        record.Values["distance"] = await judge.DistanceAsync(ensemble, seed, cancellation);
        record.Values["loss"] = await judge.LossAsync(ensemble, cancellation);
        if (ensemble.Islands.Count > 0)
        {
            record.Values["megabytes"] = ensemble.Islands.Sum(i => i.ModelBytes) / 1e6;
            record.Values["unreachable"] = ensemble.Islands.Max(i => i.Unreachable);
            record.Values["completed"] = ensemble.Islands.Zip(ensemble.PlannedRounds, (island, planned) => island.Rounds / (double)planned).Min();
        }

        record.Curves["validation"] = Validation(ensemble);
        return record;
    }

    // The mean over experts at the steps that all of them were judged at.
    private static ArmCurve Validation(TrainedEnsemble ensemble)
    {
        Curve[] curves = [.. ensemble.Curves.Where(c => c.Name == "loss/validation" && c.Role != "router")];
        double[] steps = curves.Length == 0 ? [] : [.. curves.Select(c => c.Steps.AsEnumerable()).Aggregate((a, b) => a.Intersect(b))];
        return new ArmCurve(steps, [.. steps.Select(s => curves.Average(c => c.Values[Array.IndexOf(c.Steps, s)]))]);
    }
}

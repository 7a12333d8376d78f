using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Experiments.Compare;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Disaster;

/// <summary>
/// Decentralized averaging under disruption (Palmieri et al., arXiv 2310.02986): peers on a Barabási-Albert graph average with their
/// neighbours by samples, and some are struck. Arms differ in who is struck, when, and whether data alone is lost (the peer stays as a
/// relay) or connections too. Accuracy is the mean over the own models of the peers that are left.
/// </summary>
/// <param name="settings">Settings.</param>
public sealed class DisasterExperiment(DisasterSettings settings) : ClaimExperiment
{
    private const string None = "none", Leaves = "leaves", Random = "random", Hubs = "hubs", LateHubs = "hubs-late", DataOnly = "hubs-data-only", Isolated = "isolated";
    private const string SevereHubs = "severe-hubs", SevereLate = "severe-hubs-late", SevereData = "severe-data-only";

    /// <inheritdoc/>
    public override string Name => "disaster";

    /// <inheritdoc/>
    public override string Title => "Loss of data against loss of connections";

    /// <inheritdoc/>
    public override string Paper =>
        "Palmieri, Boldrini, Valerio, Passarella, Conti, arXiv 2310.02986: in decentralized averaging on a Barabási-Albert graph, accuracy suffers more from "
        + "a loss of connectivity than from a loss of data; nevertheless the network remains relatively robust.";

    /// <inheritdoc/>
    public override object Settings => settings;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Arms { get; } =
        [None, Leaves, Random, DataOnly, Hubs, LateHubs, SevereData, SevereHubs, SevereLate, Isolated];

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimColumn> Columns { get; } =
    [
        new("accuracy", "accuracy", true), new("lowest", "lowest peer", true), new("survivors", "peers left"), new("largestComponent", "largest component"),
    ];

    /// <inheritdoc/>
    public override ArmRecord Run(string arm, ulong seed, ClaimContext context, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        PeerData data = context.Data(settings.Data, seed);
        int peers = data.Shards.Length;
        Topology graph = Graphs.BarabasiAlbert(peers, settings.Links, seed);
        HashSet<int> struck = Struck(arm, graph, seed);
        int since = arm is LateHubs or SevereLate ? settings.Late : 0;
        bool relays = arm is DataOnly or SevereData;
        using IClassifierEngine engine = ClassifierEngines.Create(
            new PerceptronKind([data.Train.Width, .. settings.Hidden, data.Classes]), context.Threads);
        var training = new PeerLearning(engine, data, new LocalStep(settings.Batch), settings.Rate, seed);
        using var rounds = new PeerRounds(training, common: true);
        int[] all = [.. Enumerable.Range(0, peers)];
        int[] left = [.. all.Where(p => !struck.Contains(p))];
        var accuracy = new CurveBuilder();
        for (int round = 0; round < settings.Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            bool hit = struck.Count > 0 && round >= since;
            Topology now = arm == Isolated ? graph.Without(all.ToHashSet()) : hit && !relays ? graph.Without(struck) : graph;
            rounds.Train(round, settings.Steps, hit ? left : all);

            // Shards are of one size, so weights by samples are equal; a relay keeps the weight that it had with data.
            rounds.Mix(i => now.Neighbours[i].Append(i).Select(j => new MixingWeight(j, 1.0 / (now.Degree(i) + 1))));
            if ((round + 1) % settings.Every == 0)
            {
                accuracy.Add(round + 1, rounds.Accuracy(left));
            }
        }

        Judgement[] judged = rounds.Judge(all);
        var values = new ArmRecord
        {
            Values =
            {
                ["accuracy"] = left.Average(p => judged[p].Accuracy),
                ["lowest"] = left.Min(p => judged[p].Accuracy),
                ["survivors"] = relays ? peers : left.Length,
                ["largestComponent"] = arm == Isolated ? 1 : graph.Components(relays ? null : struck)[0].Count,
            },
            Curves = { ["accuracy"] = accuracy.Curve },
        };
        if (arm is None or Isolated)
        {
            // What the peers that another arm leaves have in this one, so that arms are compared on equal peers.
            foreach (string other in Arms)
            {
                HashSet<int> gone = Struck(other, graph, seed);
                values.Values["accuracy/" + other] = all.Where(p => !gone.Contains(p)).Average(p => judged[p].Accuracy);
            }
        }

        return values;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Gate> Gates(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        double[] gain = records.Each(arm => 100 * (arm(Hubs)["accuracy"] - arm(Isolated)["accuracy/" + Hubs]));
        return
        [
            ClaimGates.RatioOfMeans(
                "C6", "Losing the hubs costs far more than losing only their data",
                "mean loss of accuracy by removing 20 % hubs / by their data alone, >= 3",
                Loss(records, Hubs), Loss(records, DataOnly), r => r >= 3, " pp"),
            ClaimGates.Mean(
                "C6/size", "The loss is large", "loss of accuracy by removing 20 % hubs >= 3 pp", Loss(records, Hubs), d => d >= 3, " pp"),
            ClaimGates.Mean(
                "C6/leaves", "Losing as many peers and as much data at the rim costs nothing", "loss of accuracy by removing 20 % of lowest degree within 1 pp",
                Loss(records, Leaves), d => Math.Abs(d) <= 1, " pp"),
            ClaimGates.Mean(
                "C6/late", "What was learned together before is kept",
                $"accuracy, hubs removed at round {settings.Late} - at the start, >= 1 pp",
                records.Each(arm => 100 * (arm(LateHubs)["accuracy"] - arm(Hubs)["accuracy"])), d => d >= 1, " pp"),
            ClaimGates.Mean(
                "C6/robust", "Those who are left never fall below learning alone", "accuracy, hubs removed at the start - the same peers isolated, > 0 under every seed",
                gain, _ => gain.Min() > 0, " pp"),
            ClaimGates.RatioOfMeans(
                "C6/severe", "The same with 40 %", "mean loss of accuracy by removing 40 % hubs / by their data alone, >= 3",
                Loss(records, SevereHubs), Loss(records, SevereData), r => r >= 3, " pp"),
        ];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Control> Controls(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new Control(
                "equal peers", "Losses are against the same peers in the run without a disruption, for hubs know more than others do",
                $"Without a disruption: all peers {ClaimGates.Text(Percent(None))} %, all but the hubs {ClaimGates.Text(records.Each(arm => 100 * arm(None)["accuracy/" + Hubs]))} %"),
            new Control(
                "random", "As many peers struck at random", $"Loss of {ClaimGates.Text(Loss(records, Random))} pp; {ClaimGates.Text(records.Values(Random, "largestComponent"))} of {ClaimGates.Text(records.Values(Random, "survivors"))} peers still hang together"),
            new Control(
                "isolated", "Peers that never exchange a model", $"{ClaimGates.Text(Percent(Isolated))} %; the largest component without the hubs has {ClaimGates.Text(records.Values(Hubs, "largestComponent"))} of {ClaimGates.Text(records.Values(Hubs, "survivors"))} peers"),
        ];

        double[] Percent(string arm) => records.Each(of => 100 * of(arm)["accuracy"]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ClaimChart> Charts(ClaimRecords records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return
        [
            new ClaimChart(
                "accuracy", "Mean accuracy of the peers that are left", "round", "accuracy",
                [.. new[] { None, Leaves, DataOnly, Random, LateHubs, Hubs, SevereHubs, Isolated }.Select(arm => (arm, records.Mean(arm, "accuracy")))]),
        ];
    }

    private static double[] Loss(ClaimRecords records, string struck) =>
        records.Each(arm => 100 * (arm(None)["accuracy/" + struck] - arm(struck)["accuracy"]));

    private HashSet<int> Struck(string arm, Topology graph, ulong seed)
    {
        int some = (int)(settings.Share * graph.Count), many = (int)(settings.Severe * graph.Count);
        return arm switch
        {
            Hubs or LateHubs or DataOnly => [.. graph.Hubs(some)],
            SevereHubs or SevereLate or SevereData => [.. graph.Hubs(many)],
            Leaves => [.. Enumerable.Range(0, graph.Count).OrderBy(graph.Degree).ThenByDescending(i => i).Take(some)],
            Random => [.. new CounterStream(seed, "struck-peers").Distinct(some, graph.Count)],
            _ => [],
        };
    }
}

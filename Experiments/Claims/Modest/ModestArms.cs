using System.Collections.Immutable;
using System.Text.Json;

using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Modest;

/// <summary>Runs the arms of <see cref="ModestExperiment"/>: real protocols in the event simulation, all from the common initial model.</summary>
/// <param name="settings">Settings.</param>
/// <param name="training">What peers learn.</param>
/// <param name="seed">Seed.</param>
/// <param name="cancellation">Interrupts it.</param>
internal sealed class ModestArms(ModestSettings settings, PeerLearning training, ulong seed, CancellationToken cancellation)
{
    private const double Forever = 100_000;

    private int Peers => training.Data.Shards.Length;

    /// <summary>D-PSGD: each peer's own model is judged, as each peer would use it.</summary>
    public ArmRecord Dpsgd(TopologyPlan topology, double target)
    {
        using var run = new PeerSimulation(Plan("dpsgd", new DpsgdOptions { Steps = settings.Steps }) with { Topology = topology }, training, settings.StepSeconds);
        int receivers = topology.Mixing(Peers).Receivers(0, 0).Length;
        Dictionary<long, List<ModelHandle>> complete = [];
        CurveBuilder accuracy = new(), transfers = new();
        double bytes = double.NaN, seconds = double.NaN;
        bool stop = false;
        run.Completed = (_, round, model) =>
        {
            if (stop || round % settings.Every != 0)
            {
                return;
            }

            run.Task.Hold(model);
            List<ModelHandle> models = complete.TryGetValue(round, out List<ModelHandle>? known) ? known : complete[round] = [];
            models.Add(model);
            if (models.Count < Peers)
            {
                return;
            }

            double mean = run.Task.Judge(models).Average(j => j.Accuracy);
            models.ForEach(run.Task.Release);
            complete.Remove(round);
            accuracy.Add(round, mean);

            // Fast peers are ahead already: bytes are those of this many rounds, not of all messages so far.
            double share = (double)round * Peers * receivers / run.Result.Messages;
            transfers.Add(run.Bytes * share / 1e6, mean);
            if (mean >= target || round >= settings.MostRounds)
            {
                (bytes, seconds) = (run.Bytes * share, run.Now);
                stop = true;
            }
        };
        run.Run(Forever, () => stop, cancellation);
        return Record(accuracy, transfers, bytes, seconds, target, double.NaN);
    }

    /// <summary>MoDeST or FedAvg: the aggregated model is judged.</summary>
    /// <param name="protocol">Name of the protocol.</param>
    /// <param name="options">Its options.</param>
    /// <param name="target">Accuracy that bytes and time are counted to.</param>
    /// <param name="roundsTarget">Accuracy that rounds are counted to.</param>
    public ArmRecord Aggregated(string protocol, object options, double target, double roundsTarget)
    {
        using var run = new PeerSimulation(Plan(protocol, options), training, settings.StepSeconds);
        CurveBuilder accuracy = new(), transfers = new();
        double bytes = double.NaN, seconds = double.NaN;
        bool stop = false;
        Follow(run, protocol, (round, model) =>
        {
            if (stop || round % settings.Every != 0)
            {
                return;
            }

            double now = run.Task.Judge([model])[0].Accuracy;
            accuracy.Add(round, now);
            transfers.Add(run.Bytes / 1e6, now);
            if (double.IsNaN(bytes) && now >= target)
            {
                (bytes, seconds) = (run.Bytes, run.Now);
            }

            stop = now >= Math.Max(target, roundsTarget) || round >= settings.MostRounds;
            if (stop && double.IsNaN(bytes))
            {
                (bytes, seconds) = (run.Bytes, run.Now);
            }
        });
        run.Run(Forever, () => stop, cancellation);
        return Record(accuracy, transfers, bytes, seconds, target, roundsTarget);
    }

    /// <summary>Largest difference of any parameter between MoDeST and FedAvg when both have the same samples.</summary>
    public ArmRecord Match()
    {
        Dictionary<long, float[]> models = [];
        double worst = 0;
        long compared = 0;
        var modest = new ModestOptions { SampleSize = settings.SampleSize, Steps = settings.Steps, SuccessFraction = 1 };
        var fedavg = new FedAvgOptions { SampleSize = settings.SampleSize, Steps = settings.Steps, WeightBySamples = false, HashSampling = true };
        using (var run = new PeerSimulation(Plan("modest", modest), training, settings.StepSeconds))
        {
            Follow(run, "modest", (round, model) => models[round] = run.Task.Model(model).ToArray());
            run.Run(Forever, () => models.Count >= settings.MatchRounds, cancellation);
        }

        // FedAvg counts its rounds from 0, MoDeST from 1.
        using (var run = new PeerSimulation(Plan("fedavg", fedavg), training, settings.StepSeconds, roundOffset: 1))
        {
            Follow(run, "fedavg", (round, model) =>
            {
                if (models.TryGetValue(round, out float[]? other) && round <= settings.MatchRounds)
                {
                    worst = Math.Max(worst, run.Task.Model(model).ToArray().Zip(other, (a, b) => Math.Abs((double)a - b)).Max());
                    compared++;
                }
            });
            run.Run(Forever, () => compared >= settings.MatchRounds, cancellation);
        }

        return new ArmRecord { Values = { ["largestDifference"] = worst, ["roundsCompared"] = compared } };
    }

    /// <summary>Most peers crash, a few at a time.</summary>
    /// <param name="timeouts">Whether aggregators wait for a limited time; without, the published form of the protocol.</param>
    public ArmRecord Crash(bool timeouts)
    {
        int[] dead = new CounterStream(seed, "crashed-peers").Distinct(settings.Crashes * settings.CrashPeers, Peers);
        ImmutableArray<Fault> faults = [.. Enumerable.Range(0, settings.Crashes).Select(i => new Fault
        {
            At = settings.CrashFrom + (i * settings.CrashEvery),
            Kind = FaultKind.Crash,
            Peers = [.. dead.Skip(i * settings.CrashPeers).Take(settings.CrashPeers)],
        })];
        var options = new ModestOptions { SampleSize = settings.SampleSize, Steps = settings.Steps, SuccessFraction = settings.SuccessFraction };
        options = timeouts ? options : options with { AggregationSeconds = -1, HeartbeatSeconds = 0 };
        using var run = new PeerSimulation(Plan("modest", options) with { Faults = faults }, training, settings.StepSeconds);
        double lastCrash = faults[^1].At, lastProgress = 0, before = double.NaN, lowest = double.NaN;
        long roundThen = 0, newest = 0;
        CurveBuilder accuracy = new();
        Follow(run, "modest", (round, model) =>
        {
            (newest, lastProgress) = (round, run.Now);
            roundThen = run.Now <= lastCrash ? round : roundThen;
            if (round % settings.Every == 0)
            {
                accuracy.Add(round, run.Task.Judge([model])[0].Accuracy);
                before = run.Now < settings.CrashFrom ? accuracy.Last : before;
                lowest = run.Now < settings.CrashFrom ? double.NaN : double.IsNaN(lowest) ? accuracy.Last : Math.Min(lowest, accuracy.Last);
            }
        });
        run.Run(Forever, () => newest - roundThen >= settings.RoundsAfter || run.Now > Math.Max(lastCrash, lastProgress) + settings.StallSeconds, cancellation);
        double[] views = [.. Enumerable.Range(0, Peers).Except(dead).Select(p => (double)new Protocols.Rounds.Modest(options).Candidates(run.StateOf(p)!, newest).Count())];
        return new ArmRecord
        {
            Values =
            {
                ["accuracyBefore"] = before,
                ["lowestAccuracy"] = lowest,
                ["finalAccuracy"] = accuracy.Last,
                ["roundsAfter"] = newest - roundThen,
                ["rounds"] = newest,
                ["stalled"] = run.Now - lastProgress > settings.StallSeconds / 2 ? 1 : 0,
                ["survivors"] = views.Length,
                ["viewLow"] = views.Min(),
                ["viewHigh"] = views.Max(),
            },
            Curves = { ["accuracy"] = accuracy.Curve },
        };
    }

    /// <summary>Peers join one after the other; counts rounds until every peer knows each.</summary>
    public ArmRecord Join()
    {
        int first = Peers - settings.Joiners;
        ImmutableArray<Fault> faults = [.. Enumerable.Range(0, settings.Joiners).Select(i => new Fault
        {
            At = settings.CrashFrom + (i * settings.JoinEvery),
            Kind = FaultKind.Join,
            Peers = [first + i],
        })];
        var options = new ModestOptions { SampleSize = settings.SampleSize, Steps = settings.Steps, SuccessFraction = settings.SuccessFraction };
        using var run = new PeerSimulation(Plan("modest", options) with { Faults = faults }, training, settings.StepSeconds);
        long[] joined = new long[settings.Joiners];
        double[] waited = [.. Enumerable.Repeat(double.NaN, settings.Joiners)];
        long newest = 0;
        Follow(run, "modest", (round, _) =>
        {
            newest = round;
            for (int j = 0; j < settings.Joiners; j++)
            {
                if (run.StateOf(first + j) is null)
                {
                    joined[j] = round;
                }
                else if (double.IsNaN(waited[j]) && EveryoneKnows(run, first + j))
                {
                    waited[j] = Math.Max(1, round - joined[j]);
                }
            }
        });
        double end = faults[^1].At + (4 * settings.StallSeconds);
        run.Run(end, () => waited.All(double.IsFinite), cancellation);
        return new ArmRecord { Values = { ["slowestJoin"] = waited.Max(w => double.IsNaN(w) ? double.PositiveInfinity : w), ["rounds"] = newest } };
    }

    private bool EveryoneKnows(PeerSimulation run, int joiner) => Enumerable.Range(0, Peers).All(p =>
        run.StateOf(p) is not { } state || ((Protocols.Rounds.Modest.Saved)state.DurablePart).View[new PeerId((ulong)joiner)] is { Left: false });

    private SimulationPlan Plan(string protocol, object options) => new()
    {
        Seed = seed,
        Peers = Peers,
        Protocol = protocol,
        Options = JsonSerializer.SerializeToElement(options, options.GetType(), JsonSerializerOptions.Web),
        Network = settings.Network,
        Seconds = Forever,
    };

    // Rounds trained so far, whatever number the protocol gives to the aggregate.
    private static void Follow(PeerSimulation run, string protocol, Action<long, ModelHandle> completed)
    {
        long newest = 0;
        int offset = protocol == "modest" ? 1 : 0;
        run.Completed = (_, round, model) =>
        {
            if (round - offset > newest)
            {
                newest = round - offset;
                completed(newest, model);
            }
        };
    }

    // An arm that did not reach the target has the bytes and the time of all its rounds, which is less than it would have needed.
    private static ArmRecord Record(CurveBuilder accuracy, CurveBuilder transfers, double bytes, double seconds, double target, double roundsTarget) => new()
    {
        Values =
        {
            ["megabytes"] = bytes / 1e6,
            ["virtualSeconds"] = seconds,
            ["rounds"] = accuracy.Curve.Reaches(target),
            ["reached"] = double.IsNaN(accuracy.Curve.Reaches(target)) ? 0 : 1,
            ["roundsToHigher"] = double.IsNaN(roundsTarget) ? double.NaN : accuracy.Curve.Reaches(roundsTarget),
            ["finalAccuracy"] = accuracy.Last,
        },
        Curves = { ["accuracy"] = accuracy.Curve, ["transfers"] = transfers.Curve },
    };
}

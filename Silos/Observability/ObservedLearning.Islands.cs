using System.Diagnostics;

using OrleansDDM.Grains.Telemetry;
using OrleansDDM.Learning.Convex;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Observability;

/// <content>Islands and solves. The steps of an island are those of its peers; its record only looks on.</content>
internal sealed partial class ObservedLearning
{
    private sealed class ObservedIslands(ObservedLearning owner, IIslandLearning inner) : IIslandLearning
    {
        public IslandData Images(RunSpec spec) => inner.Images(spec);

        public IPeerTrainer OpenPeers(RunSpec spec, ModelRole role, IslandTraining plan)
        {
            string hash = SpecJson.Hash(spec);
            return new ObservedPeers(
                owner, owner.Open(spec.Name, hash, role, checkpoint: null, () => inner.OpenPeers(spec, role, plan)), spec.Name, hash, role);
        }

        public IIslandRecord OpenRecord(RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint, string specHash) => new ObservedRecord(
            owner,
            owner.Open(spec.Name, specHash, role, checkpoint, () => inner.OpenRecord(spec, role, plan, checkpoint, specHash)),
            spec.Name,
            specHash,
            role);

        public ITrainingSession OpenAlone(RunSpec spec, ModelRole role, int[] rows, byte[]? checkpoint, string specHash) => new ObservedSession(
            owner,
            owner.Open(spec.Name, specHash, role, checkpoint, () => inner.OpenAlone(spec, role, rows, checkpoint, specHash)),
            spec.Name,
            specHash,
            role);
    }

    private sealed class ObservedRecord : ObservedSession, IIslandRecord
    {
        private readonly IIslandRecord _record;

        public ObservedRecord(ObservedLearning owner, IIslandRecord record, string run, string specHash, ModelRole role)
            : base(owner, record, run, specHash, role) => _record = record;

        public long Rounds => _record.Rounds;

        public void Offer(IslandRound round) => _record.Offer(round);

        public override SliceReport Train(TimeSpan budget, CancellationToken cancellation)
        {
            using IDisposable slice = Owner.Watch.BeginSlice(Model, budget);
            return Owner.Observe(null, FaultKind.Training, () => _record.Train(budget, cancellation));
        }
    }

    private sealed class ObservedPeers(ObservedLearning owner, IPeerTrainer trainer, string run, string specHash, ModelRole role) : IPeerTrainer
    {
        private readonly string _model = $"a peer of {run}/{role}";

        // A participation has no budget: it is what the slowest one took so far for each step. The first may take a minute for each.
        private TimeSpan? _step;

        public IReadOnlyList<Segment> Segments => trainer.Segments;

        public byte[] Initial() => Watched(trainer.Initial);

        public PeerTraining Train(byte[] model, int peer, long round, int steps, PeerMoments? moments, double radius, CancellationToken cancellation)
        {
            long started = owner.Clock.GetTimestamp();
            Activity? activity = DdmActivities.Slice(run, specHash, role);
            using IDisposable slice = owner.Watch.BeginSlice(_model, steps * (_step ?? WorkWatch.Least / WorkWatch.Patience));
            return owner.Observe(activity, FaultKind.Training, () =>
            {
                PeerTraining trained = trainer.Train(model, peer, round, steps, moments, radius, cancellation);
                TimeSpan taken = owner.Clock.GetElapsedTime(started);
                TimeSpan step = taken / Math.Max(1, steps);
                _step = step > _step ? step : _step ?? step;
                owner.Metrics.SliceDone(role, taken, steps, trained.Samples / taken.TotalSeconds);
                activity?.SetTag("ddm.steps", steps);
                return trained;
            });
        }

        public float[] Read(byte[] model) => Watched(() => trainer.Read(model));

        public byte[] Write(float[] values) => Watched(() => trainer.Write(values));

        public void Dispose() => trainer.Dispose();

        private T Watched<T>(Func<T> work)
        {
            using IDisposable slice = owner.Watch.BeginSlice(_model, TimeSpan.Zero);
            return work();
        }
    }

    private sealed class ObservedConvex(ObservedLearning owner, IConvexLearning inner) : IConvexLearning
    {
        // Milliseconds as a rule; ten minutes make it stuck.
        private static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

        public SoftmaxData Inputs(SolveSpec spec) => inner.Inputs(spec);

        public SoftmaxData TestInputs(SolveSpec spec) => inner.TestInputs(spec);

        public double Gradient(SolveSpec spec, SoftmaxShard shard, double[] x, double[] gradient)
        {
            using IDisposable slice = owner.Watch.BeginSlice("a gradient of " + spec.Name, Budget);
            return owner.Observe(null, FaultKind.Training, () => inner.Gradient(spec, shard, x, gradient));
        }
    }
}

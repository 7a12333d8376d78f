using System.Collections.Immutable;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Tests.Protocols.Simulation;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>Malformed, replayed, stale, wrong-shape and oversize messages are refused or ignored, counted, and change nothing that lasts.</summary>
public sealed class HostileMessageTests
{
    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Damaged_frames_are_refused_and_counted_before_a_peer_sees_them(string protocol)
    {
        (Simulator simulator, List<Recorded> frames) = Record(protocol, 8);
        long refused = simulator.Result().Refused.Values.Sum(), injected = 0;
        foreach (Recorded frame in frames.TakeLast(20))
        {
            PeerState? before = simulator.StateOf(frame.To);
            byte[] flipped = (byte[])frame.Bytes.Clone();
            flipped[^1] ^= 4;
            foreach (byte[] bad in new[] { flipped, frame.Bytes[..^1], [.. frame.Bytes, 7], [], new byte[MessageCodec.DefaultMaxBytes + 1] })
            {
                simulator.Inject(frame.To, frame.From, bad);
                injected++;
                Assert.Same(before, simulator.StateOf(frame.To));
            }
        }

        Assert.Equal(refused + injected, simulator.Result().Refused.Values.Sum());
        Assert.Equal(20, simulator.Result().Refused[FrameFault.TooLong]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_of_another_shape_not_finite_or_unknown_is_refused(string protocol)
    {
        (Simulator simulator, List<Recorded> frames) = Record(protocol, 8);
        ArrayTask task = (ArrayTask)simulator.Task;
        MessageCodec codec = new(simulator.Protocol);
        ModelHandle[] bad = [task.Store(new double[3]), task.Store([.. Enumerable.Repeat(double.NaN, 8)]), ModelHandle.OfContent([9, 9])];
        Recorded carrier = frames.Last(f => f.Body.Models.Any());
        ModelHandle good = carrier.Body.Models.First();
        long before = simulator.Result().Refused.GetValueOrDefault(FrameFault.WrongModel);
        foreach (ModelHandle model in bad)
        {
            PeerState? state = simulator.StateOf(carrier.To);
            simulator.Inject(carrier.To, carrier.From, codec.Encode(new Swapped(carrier.Body, good, model)));
            Assert.Same(state, simulator.StateOf(carrier.To));
        }

        Assert.Equal(before + 3, simulator.Result().Refused[FrameFault.WrongModel]);
        simulator.RunUntil(30);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Replayed_frames_are_ignored_and_the_run_ends_with_the_same_rounds(string protocol)
    {
        (Simulator simulator, List<Recorded> frames) = Record(protocol, 12);
        int models = 0;
        foreach (Recorded frame in frames.Where(f => f.Seconds < 6 && f.Body.Models.All(simulator.Task.Accepts)).ToList())
        {
            PeerState before = simulator.StateOf(frame.To)!;
            simulator.Inject(frame.To, frame.From, frame.Bytes);
            PeerState after = simulator.StateOf(frame.To)!;
            Assert.Equal(Lasting(before.DurablePart), Lasting(after.DurablePart));
            Assert.Equal(before.DurablePart.Models, after.DurablePart.Models);
            Assert.Equal((frame.Body, IsSignOfLife(frame.Body) ? 0 : 1), (frame.Body, after.Ignored - before.Ignored));
            models += frame.Body.Models.Any() ? 1 : 0;
        }

        Assert.True(models > 3, $"only {models} models were replayed");
        simulator.RunUntil(30);
        Assert.InRange(simulator.Result().LongestSilence(12, 30), 0, 10);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nobody_trains_on_the_data_of_another(string protocol)
    {
        SimulationPlan plan = Plans.Stormy(protocol, 7);
        Watching task = new(plan.Peers);
        int trainings = 0;
        Simulator simulator = new(plan, task)
        {
            Observer = o =>
            {
                if (o.Input is Input.Trained)
                {
                    trainings++;
                    Assert.Equal(o.Peer, task.Last);
                }
            },
        };
        simulator.Run();

        Assert.True(trainings > 20, $"{trainings} trainings");
    }

    // A durable state: all of it but who was heard how lately, of which a repeated message tells MoDeST again.
    private static object Lasting(DurableState state) => state is Modest.Saved saved
        ? (saved.Counter, saved.TrainRound, saved.AggregateRound, saved.LastRound, saved.View.Latest,
            string.Join(' ', saved.View.Members.Select(m => (m.Key, m.Value.Counter, m.Value.Left))))
        : state;

    // What says no more than that its sender is there. MoDeST takes a repeated one for a sign of life and does not count it.
    private static bool IsSignOfLife(MessageBody body) => body is Modest.Ping or Modest.Pong or Modest.Acknowledge or Modest.Advertise or Modest.ShareView;

    private static (Simulator Simulator, List<Recorded> Frames) Record(string protocol, double seconds)
    {
        List<Recorded> frames = [];
        Simulator simulator = new(Plans.Of(protocol, 5, 6, 60) with { Options = protocol == "diloco" ? SimulationPlan.OptionsOf(new DiLoCoOptions { Steps = 5 }) : null });
        MessageCodec codec = new(simulator.Protocol);
        simulator.Observer = o => frames.AddRange(o.Input is Input.Message m && m.From.Value != (ulong)o.Peer
            ? [new Recorded(o.Seconds, m.From, o.Peer, m.Body, codec.Encode(m.Body))]
            : ImmutableArray<Recorded>.Empty);
        simulator.RunUntil(seconds);
        return (simulator, frames);
    }

    private sealed record Recorded(double Seconds, PeerId From, int To, MessageBody Body, byte[] Bytes);

    /// <summary>A body in which one handle stands for another.</summary>
    private sealed record Swapped(MessageBody Body, ModelHandle Old, ModelHandle New) : MessageBody
    {
        public override byte Kind => Body.Kind;

        public override void Write(FrameWriter writer)
        {
            FrameWriter inner = new();
            Body.Write(inner);
            byte[] bytes = inner.Written.ToArray();
            int at = bytes.AsSpan().IndexOf(Old.ToBytes());
            New.ToBytes().CopyTo(bytes.AsSpan(at));
            foreach (byte value in bytes)
            {
                writer.Byte(value);
            }
        }
    }

    private sealed class Watching(int peers) : ArrayTask([0, 0], 0.02, peers * 1000)
    {
        public int Last { get; private set; } = -1;

        protected override double[] Train(double[] model, TrainWork work)
        {
            Last = work.Peer;
            return [model[0] + 1, work.Peer];
        }
    }
}

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Membership;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Peers;

/// <summary>Frames and models that a peer must not take in.</summary>
public sealed class IslandFrameTests : IslandTest
{
    private static readonly MessageCodec Codec = new(new Modest(new ModestOptions()));

    [Fact]
    public async Task Bad_frames_are_refused_and_counted_and_change_nothing()
    {
        using var released = new ManualResetEventSlim();
        Runtime.BeforeTraining = (_, _, round, stop) => WaitHandle.WaitAny([released.WaitHandle, stop.WaitHandle], TimeSpan.FromSeconds(round >= 1 ? 1 : 0));
        RunSpec spec = Spec("modest");
        await Run().SubmitAsync(SpecJson.Write(spec));
        await Until.HoldsAsync(async () => Experts(await Run().GetStatusAsync()).All(m => m.Island?.Round >= 1));

        string hash = SpecJson.Hash(spec);
        IPeerGrain peer = Peer("expert-0", 0);
        PeerStatus before = await peer.GetStatusAsync();
        PeerFrame[] bad = Bad(hash, 1, 0);
        foreach (PeerFrame frame in bad)
        {
            await peer.DeliverAsync(frame);
        }

        // And no more: what peer 1 itself says meanwhile is believed still.
        await Until.HoldsAsync(async () => (await peer.GetStatusAsync()).Counts.Refused == before.Counts.Refused + bad.Length);
        await Assert.ThrowsAsync<StaleTermException>(() => peer.StartAsync(new PeerStart("{}", hash, 0, string.Empty, [], false, 1, default)));

        released.Set();
        RunStatus status = await EndAsync();
        Assert.Equal(RunPhase.Ready, status.Phase);
        Assert.DoesNotContain(Runtime.Trainings, t => t.Round >= 49);
    }

    [Fact]
    public async Task Bad_stale_repeated_and_overtaken_frames_are_counted_and_leave_what_is_stored_as_it_was()
    {
        using ManualResetEventSlim released = new(), readable = new();
        HashSet<int> held = [];
        Runtime.BeforeTraining = (role, peer, round, stop) =>
        {
            if (round >= 1)
            {
                lock (held)
                {
                    held.UnionWith(role.ToString() == "expert-0" ? [peer] : []);
                }

                WaitHandle.WaitAny([released.WaitHandle, stop.WaitHandle]);
            }
        };

        // All that are there train: while they are held nobody takes a round for lost, and nothing is stored. Who is not there sends nothing itself.
        RunSpec spec = Spec("modest") with { Islands = Spec("modest").Islands with { SampleSize = 4, Unreachable = 0.34 } };
        await Run().SubmitAsync(SpecJson.Write(spec));
        await Until.HoldsAsync(() =>
        {
            lock (held)
            {
                return held.Count == 4;
            }
        });
        int dead = Enumerable.Range(0, 6).First(p => !held.Contains(p));
        PeerId to = new((ulong)held.Min());
        string hash = SpecJson.Hash(spec);
        IPeerGrain peer = Peer("expert-0", (int)to.Value);
        byte[] stored = (await peer.ExportAsync(false)).Durable;
        var saved = (Modest.Saved)Codec.DecodeDurable(stored);
        PeerCounts before = (await peer.GetStatusAsync()).Counts;

        await DeliverAsync(Bad(hash, dead, (int)to.Value));
        await CountedAsync(refused: 12, ignored: 0);

        // Its own round and the one before, as if they came late.
        PeerFrame[] late =
        [
            Frame(1, new Modest.Ping(0, 0)), Frame(2, Order(saved.TrainRound, saved.LastModel)), Frame(3, Order(saved.TrainRound - 1, saved.LastModel)),
        ];
        await DeliverAsync(late);
        await CountedAsync(refused: 12, ignored: 2);

        // The same again: refused before the machine could take them for signs of life.
        await DeliverAsync(late.Reverse());
        await CountedAsync(refused: 15, ignored: 2);

        // While the model of an order is read its sender comes back: the order is one of a past term then.
        Runtime.BeforeRead = text => WaitHandle.WaitAny([readable.WaitHandle], text == "expert-0 7 7" ? Patience : TimeSpan.Zero);
        ArtifactReference model = Silo.Artifacts.Put("expert-0 7 7"u8.ToArray());
        await DeliverAsync([Frame(4, Order(saved.TrainRound + 1, ModelHandle.FromBytes(Convert.FromHexString(model.Sha256)))) with { Models = [model] }]);
        await Until.HoldsAsync(() => Runtime.Reads.Contains("expert-0 7 7"));
        await DeliverAsync([late[1] with { Term = 2 }]);
        await CountedAsync(refused: 15, ignored: 3);
        readable.Set();
        await CountedAsync(refused: 16, ignored: 3);

        Assert.Equal(stored, (await peer.ExportAsync(false)).Durable);
        Assert.DoesNotContain(Runtime.Trainings, t => t.Role == "expert-0" && t.Round >= 1);
        released.Set();
        Assert.Equal(RunPhase.Ready, (await EndAsync()).Phase);

        Modest.TrainOrder Order(long round, ModelHandle theta) => new(round, theta, [to], MembershipView.Empty);

        PeerFrame Frame(long number, MessageBody body) => new(hash, dead, 1, number, Codec.Encode(body), []);

        async Task DeliverAsync(IEnumerable<PeerFrame> frames)
        {
            foreach (PeerFrame frame in frames)
            {
                await peer.DeliverAsync(frame);
            }
        }

        Task CountedAsync(long refused, long ignored) => Until.SeenAsync<PeerStatus>(
            async () => await peer.GetStatusAsync(), s => s.Counts.Refused == before.Refused + refused && s.Counts.Ignored >= before.Ignored + ignored);
    }

    [Fact]
    public async Task Models_that_cannot_be_read_are_refused_and_the_rounds_go_on()
    {
        using var released = new ManualResetEventSlim();
        Runtime.BeforeTraining = (_, _, round, stop) => WaitHandle.WaitAny([released.WaitHandle, stop.WaitHandle], TimeSpan.FromSeconds(round >= 1 ? 2 : 0));
        RunSpec spec = Spec("modest");
        await Run().SubmitAsync(SpecJson.Write(spec));
        IslandStatus[] islands = [];
        await Until.HoldsAsync(async () => (islands = [.. Experts(await Run().GetStatusAsync()).Select(m => m.Island).OfType<IslandStatus>()]) is [{ Round: >= 1 }, { Round: >= 1 }]);

        // Each is what its name says; as a contribution to one of the next rounds, any of them would spoil it.
        string hash = SpecJson.Hash(spec);
        ArtifactReference[] bad = [.. new[] { "expert-0 NaN 1", "expert-0 1 2 3", "expert-1 1 2", "no model" }.Select(Store)];
        for (int p = 0; p < 6; p++)
        {
            long before = (await Peer("expert-0", p).GetStatusAsync()).Counts.Refused;
            for (int i = 0; i < bad.Length; i++)
            {
                await DeliverAsync(p, islands[0].Round + 2 + (i % 2), bad[i]);
            }

            int peer = p;
            await Until.HoldsAsync(async () => (await Peer("expert-0", peer).GetStatusAsync()).Counts.Refused == before + bad.Length);
        }

        // What is told of a round is no better: this would be the last one.
        ArtifactReference told = Store("expert-1 1 NaN");
        await Silo.Client.GetGrain<IIslandGrain>(GrainKeys.Model("r", "expert-1")).ReportPeerAsync(
            new PeerReport(hash, 0, 1, new PeerCounts(), islands[1].Rounds + 1, told, double.NaN));
        await Until.HoldsAsync(() => Runtime.Reads.Contains("expert-1 1 NaN"));

        released.Set();
        RunStatus status = await EndAsync();
        Assert.Equal((RunPhase.Ready, null), (status.Phase, status.Message));
        Assert.All(status.Models, m => Assert.All(FakeIslandRuntime.Values(Silo.Artifacts.Read(m.Weights!.Sha256)), v => Assert.True(float.IsFinite(v))));
        Assert.All(Runtime.WorkThreads, t => Assert.StartsWith("slot-", t, StringComparison.Ordinal));

        ArtifactReference Store(string text) => Silo.Artifacts.Put(System.Text.Encoding.UTF8.GetBytes(text));

        Task DeliverAsync(int peer, long round, ArtifactReference model)
        {
            var body = new Modest.TrainedModel(round, round - 1, ModelHandle.FromBytes(Convert.FromHexString(model.Sha256)), [], MembershipView.Empty);
            return Peer("expert-0", peer).DeliverAsync(new PeerFrame(hash, (peer + 1) % 6, 1, 1000, Codec.Encode(body), [model]));
        }
    }

    // None of these may reach the machine.
    private static PeerFrame[] Bad(string hash, int from, int to)
    {
        byte[] ping = Codec.Encode(new Modest.Ping(0, 0));
        byte[] torn = [.. ping];
        torn[^1] ^= 1;
        var nowhere = ModelHandle.OfContent("nowhere"u8);
        byte[] unknown = Codec.Encode(new Modest.TrainOrder(50, nowhere, [new PeerId(0)], MembershipView.Empty));
        var update = new ArtifactReference(nowhere.ToString(), 9);
        return
        [
            new("other", from, 5, 1, ping, []),                                                         // another run
            new(hash, 77, 5, 1, ping, []),                                                              // a stranger
            new(hash, to, 5, 1, ping, []),                                                              // from itself
            new(hash, from, 0, 1, ping, []),                                                            // of a past term
            new(hash, from, 5, 0, ping, []),                                                            // without a number
            new(hash, from, 5, 1, torn, []),                                                            // damaged
            new(hash, from, 5, 1, [], []),                                                              // empty
            new(hash, from, 5, 1, new byte[MessageCodec.DefaultMaxBytes + 1], []),                      // too long
            new(hash, from, 5, 1, unknown, []),                                                         // names a model that nobody has
            new(hash, from, 5, 1, unknown, [new ArtifactReference(nowhere.ToString(), long.MaxValue)]), // and says that it is huge
            new(hash, from, 5, 1, unknown, [], [new PackedModel(nowhere.ToString(), update, "no name")]), // a change to nothing
            new(hash, from, 5, 1, unknown, [], [new PackedModel(nowhere.ToString(), update, string.Empty)]), // or packed nowhere
        ];
    }
}

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Simulation;
using OrleansDDM.Specs;

using Xunit;

namespace OrleansDDM.Tests.Protocols.Simulation;

public sealed class SimulatorTests
{
    [Fact]
    public void Model_takes_latency_and_its_bytes_over_a_shared_link()
    {
        // A ring of three: each sends two models of 1 MB at 1 MB/s, one after the other, 0.25 s away.
        List<double> arrivals = [];
        Simulator simulator = new(Plans.Of("dpsgd", 1, 3, 8) with
        {
            Network = new NetworkPlan { Latency = "uniform", LatencySeconds = 0.25, BytesPerSecond = 1e6 },
            Task = new TaskPlan { ModelBytes = 1_000_000, StepSeconds = 0.02 },
            Options = SimulationPlan.OptionsOf(new DpsgdOptions { Rounds = 1, DeadlineSeconds = 100 }),
        })
        {
            Observer = o => arrivals.AddRange(o.Input is Input.Message ? [o.Seconds] : []),
        };

        simulator.Run();

        Assert.Equal(6, arrivals.Count);
        Assert.All(arrivals, a => Assert.True(Math.Abs(a - 1.35) < 0.001 || Math.Abs(a - 2.35) < 0.001 || Math.Abs(a - 3.1) < 0.3, $"{a}"));
        Assert.Equal(1.35, arrivals.Min(), 0.001);
    }

    [Fact]
    public void Slow_peer_trains_as_much_slower()
    {
        double trained = 0;
        Simulator simulator = new(Plans.Of("gossip", 1, 2, 30) with { Faults = [new Fault { Kind = FaultKind.Slow, Peers = [1], Factor = 20 }] });
        double began = 0;
        simulator.Observer = o =>
        {
            began = o.Peer == 1 && o.Effects.OfType<Effect.Train>().Any() ? o.Seconds : began;
            trained = o.Peer == 1 && o.Input is Input.Trained && trained == 0 ? o.Seconds - began : trained;
        };

        simulator.Run();

        Assert.Equal(20 * 5 * 0.02, trained, 0.001);
    }

    [Fact]
    public void Partition_keeps_messages_within_its_sides()
    {
        bool crossed = false;
        Simulator simulator = new(Plans.Of("gossip", 1, 10, 40) with
        {
            Faults = [new Fault { At = 10, Kind = FaultKind.Partition, Peers = Plans.Range(0, 5) }, new Fault { At = 30, Kind = FaultKind.Heal }],
        });
        int after = 0;
        simulator.Observer = o =>
        {
            bool across = o.Input is Input.Message m && (o.Peer < 5) != (m.From.Value < 5);
            crossed |= across && o.Seconds is > 10 and < 30;
            after += across && o.Seconds > 30 ? 1 : 0;
        };

        simulator.Run();

        Assert.False(crossed);
        Assert.True(after > 0);
    }

    [Fact]
    public void Faults_of_the_network_come_about_as_often_as_planned()
    {
        SimulationResult result = new Simulator(Plans.Of("gossip", 1, 40, 100) with
        {
            Network = new NetworkPlan { Loss = 0.1, Corruption = 0.1 },
        }).Run();

        Assert.InRange(result.Lost / (double)result.Messages, 0.08, 0.12);
        Assert.InRange(result.Refused.Values.Sum() / (double)result.Messages, 0.07, 0.11);
        Assert.DoesNotContain(FrameFault.Malformed, result.Refused.Keys);
    }

    [Fact]
    public void Messages_are_doubled_and_held_back_as_often_and_as_long_as_planned()
    {
        // Nothing is learned, so messages carry no bytes of models, and gossip sends the same whatever arrives.
        static Dictionary<(PeerId From, int To, long Sent), List<double>> Arrivals(NetworkPlan network)
        {
            Dictionary<(PeerId, int, long), List<double>> arrivals = [];
            Simulator simulator = new(Plans.Of("gossip", 1, 40, 100) with { Network = network, Task = new TaskPlan { Rate = 0 } })
            {
                Observer = o =>
                {
                    if (o.Input is Input.Message { Body: GossipLearning.Share share } message)
                    {
                        arrivals.TryAdd((message.From, o.Peer, share.Sent), []);
                        arrivals[(message.From, o.Peer, share.Sent)].Add(o.Seconds);
                    }
                },
            };
            simulator.Run();
            return arrivals;
        }

        var quiet = Arrivals(new NetworkPlan());
        var doubled = Arrivals(new NetworkPlan { Duplication = 0.1, DelaySeconds = 0.8, FaultsUntil = 70 });
        var delayed = Arrivals(new NetworkPlan { Reordering = 0.1, DelaySeconds = 5, FaultsUntil = 70 });

        Assert.All(quiet.Values, a => Assert.Single(a));
        Assert.All(doubled.Values, a => Assert.InRange(a.Count, 1, 2));
        AssertFault(doubled.Where(m => m.Value.Count == 2).ToDictionary(m => m.Key, m => m.Value[1] - m.Value[0]), 0.8);
        Assert.All(delayed.Values, a => Assert.Single(a));
        AssertFault(delayed.Where(m => m.Value[0] > quiet[m.Key][0] + 1e-6).ToDictionary(m => m.Key, m => m.Value[0] - quiet[m.Key][0]), 5);

        // Each message of the first 70 s with a probability of 0.1, and later ones never; evenly spread over the longest time.
        void AssertFault(Dictionary<(PeerId From, int To, long Sent), double> faults, double longest)
        {
            Assert.InRange(faults.Count / (double)quiet.Keys.Count(k => k.Sent < 70_000), 0.08, 0.12);
            Assert.All(faults.Keys, k => Assert.InRange(k.Sent, 0, 70_000));
            Assert.InRange(faults.Values.Average(), 0.45 * longest, 0.55 * longest);
            Assert.InRange(faults.Values.Max(), 0.95 * longest, longest + 1e-6);
        }
    }

    [Theory]
    [InlineData(FaultKind.Restart)]
    [InlineData(FaultKind.RestartEmpty)]
    public void Restart_brings_back_what_was_persisted_and_an_empty_one_nothing(FaultKind back)
    {
        (Input? input, PeerState? state, DurableState? persisted) = ((Input?)null, (PeerState?)null, (DurableState?)null);
        Simulator simulator = new(Plans.Of("gossip", 1, 6, 40) with
        {
            Faults = [new Fault { At = 20, Kind = FaultKind.Crash, Peers = [2] }, new Fault { At = 25, Kind = back, Peers = [2] }],
        })
        {
            Observer = o =>
            {
                if (o.Peer == 2 && o.Seconds < 20)
                {
                    persisted = o.Effects.OfType<Effect.Persist>().LastOrDefault()?.Durable ?? persisted;
                }
                else if (o.Peer == 2 && input is null)
                {
                    (input, state) = (o.Input, o.State);
                }
            },
        };

        SimulationResult result = simulator.Run();

        bool empty = back == FaultKind.RestartEmpty;
        Assert.True(((GossipLearning.Saved)persisted!).Merges > 3);
        Assert.Equal((empty, empty, empty ? 1 : 0), (input is Input.Start, state!.Setup.Joining, simulator.Forgotten));
        Assert.Equal(empty ? new GossipLearning.Saved(0, 0, simulator.Task.InitialModel) : persisted, state.DurablePart);
        Assert.True(((GossipLearning.Saved)simulator.StateOf(2)!.DurablePart).Merges > (empty ? 3 : ((GossipLearning.Saved)persisted).Merges));
        Assert.Empty(result.Refused);
    }

    [Fact]
    public void Model_that_the_receiver_has_is_not_sent_again()
    {
        SimulationPlan plan = Plans.Of("gossip", 1, 2, 50) with { Task = new TaskPlan { Rate = 0 } };

        SimulationResult result = new Simulator(plan).Run();

        // Nothing is learned, so all models are θ0, which everyone has.
        Assert.True(result.Messages > 50);
        Assert.Equal(0, result.ModelBytes);
    }

    [Fact]
    public void Failure_comes_with_a_plan_that_fails_again()
    {
        SimulationPlan plan = Plans.Stormy("dpsgd", 4);
        SimulationException failed = Assert.Throws<SimulationException>(() => new Simulator(plan, new Failing(plan.Peers)).Run());
        SimulationPlan replay = SimulationPlan.Read(failed.Replay);

        Assert.Contains("the tenth", failed.Message);
        Assert.Equal(failed.Message, Assert.Throws<SimulationException>(() => new Simulator(replay, new Failing(plan.Peers)).Run()).Message);
    }

    [Fact]
    public void Missing_topology_is_an_error_of_the_plan() =>
        Assert.Contains("topology", Assert.Throws<SpecException>(() => new Simulator(Plans.Of("dpsgd") with { Topology = null })).Message);

    [Theory]
    [InlineData("{\"peers\": 0}", "peers")]
    [InlineData("{\"seconds\": -1}", "seconds")]
    [InlineData("{\"network\": {\"loss\": 2}}", "network")]
    [InlineData("{\"faults\": [{\"at\": 1, \"kind\": \"crash\", \"peers\": [10]}]}", "faults.peers")]
    [InlineData("{\"sead\": 1}", "sead")]
    [InlineData("{\"network\": null}", "network")]
    [InlineData("{\"task\": {\"stepSeconds\": 0}}", "task.stepSeconds")]
    [InlineData("{\"topology\": {\"kind\": \"ring\", \"degree\": 0}}", "topology.degree")]
    [InlineData("{\"seconds\": 1e300}", "seconds")]
    [InlineData("{", "simulation")]
    public void Wrong_plan_is_an_error_that_names_the_key(string json, string key) =>
        Assert.Contains(key, Assert.Throws<SpecException>(() => SimulationPlan.Read(json)).Message);

    [Fact]
    public void City_latencies_are_symmetric_and_like_those_of_the_globe()
    {
        Latencies cities = Latencies.OfCities(100, 1);
        double[] all = [.. from i in Enumerable.Range(0, 100) from j in Enumerable.Range(0, i) select cities.Seconds(i, j)];

        Assert.All(all, l => Assert.InRange(l, 0.001, 0.25));
        Assert.InRange(all.Order().ElementAt(all.Length / 2), 0.04, 0.12);
        Assert.Equal(cities.Seconds(3, 7), cities.Seconds(107, 103));
    }

    [Fact]
    public void Latency_file_is_read_and_its_faults_are_named()
    {
        Latencies read = Latencies.Read(new StringReader("0,10.5\n20,0\n"));
        Assert.Equal((0.0105, 0.02), (read.Seconds(0, 1), read.Seconds(1, 2)));
        Assert.Contains("Line 2", Assert.Throws<FormatException>(() => Latencies.Read(new StringReader("0,1\n2,x\n"))).Message);
        Assert.Contains("Line 1", Assert.Throws<FormatException>(() => Latencies.Read(new StringReader("0,1,2\n2,0,1\n"))).Message);
    }

    [Fact]
    public void Draws_are_uniform_and_normal_and_gamma_of_their_moments()
    {
        CounterStream random = new(1, "moments");
        double[] uniform = [.. Enumerable.Range(0, 20_000).Select(_ => random.Unit())];
        double[] normal = [.. Enumerable.Range(0, 20_000).Select(_ => random.Normal())];
        double[] gamma = [.. Enumerable.Range(0, 20_000).Select(_ => random.Gamma(0.5))];

        Assert.Equal(0.5, uniform.Average(), 0.01);
        Assert.Equal(0, normal.Average(), 0.03);
        Assert.Equal(1, normal.Average(x => x * x), 0.05);
        Assert.Equal(0.5, gamma.Average(), 0.03);
        Assert.Equal(0.75, gamma.Average(x => x * x), 0.06);
        Assert.NotEqual(CounterRandom.Bits(1, 2, 3), CounterRandom.Bits(1, 3, 2));
        Assert.NotEqual(CounterRandom.Bits(0, 0, 1), CounterRandom.Bits(0, 0, 0, 1));
    }

    /// <summary>Its tenth training throws.</summary>
    private sealed class Failing(int peers) : ArrayTask(new double[1], 0.02, peers)
    {
        private int _trainings;

        protected override double[] Train(double[] model, TrainWork work) =>
            ++_trainings < 10 ? [work.Peer] : throw new InvalidOperationException("the tenth training");
    }
}

using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Protocols.Rounds;

/// <content>A peer's own time, and its clocks.</content>
public sealed partial class DadaoRounds
{
    /// <summary>
    /// How much oftener the clocks of the edges ring than λ asks for. An exchange makes good a mean interval of λ, which is so many mean intervals of its
    /// clock: where all of them get through, a peer's time hardly ever waits for them, and where they do not, λ of them still come to a unit of it.
    /// </summary>
    public const double Margin = 1.25;

    // Mean intervals of the clocks that a peer's time may run ahead of its exchanges.
    private const double MostAhead = 8;

    private static readonly ulong ClockRole = CounterRandom.Role("dadao-clock");

    private Method? _method;

    private long UnitTicks => TimeSpan.FromSeconds(options.UnitSeconds).Ticks;

    private static long Later(Turn<Saved, Live> turn) => Math.Max(turn.Now.Ticks, turn.Durable.At);

    // An exchange makes good some mean intervals of the clocks.
    private Saved Moved(Turn<Saved, Live> turn, LinearStep step, double madeGood = 0)
    {
        double time = Time(turn, step.At);
        turn.Volatile = turn.Volatile with { GradientIn = turn.Volatile.GradientIn - time };
        return turn.Durable with
        {
            At = step.At,
            Ahead = Math.Max(0, turn.Durable.Ahead + time - (madeGood / MethodOf(turn.Setup).RateOf(turn.Setup))),
            Vectors = [.. Enumerable.Range(0, DadaoFlow.Vectors).Select(v => step.Results[v])],
        };
    }

    private double[,] Flow(Turn<Saved, Live> turn, long at) => MethodOf(turn.Setup).Flow.Exponential(Time(turn, at));

    // Units of this peer's own time from its last step on.
    private double Time(Turn<Saved, Live> turn, long at) => Math.Min((at - turn.Durable.At) / (double)UnitTicks, Left(turn));

    private double Left(Turn<Saved, Live> turn) => Math.Max(0, (MostAhead / MethodOf(turn.Setup).RateOf(turn.Setup)) - turn.Durable.Ahead);

    private void NextGradient(Turn<Saved, Live> turn)
    {
        double after = Exponential(turn); // it counts its draws in the volatile part
        turn.Volatile = turn.Volatile with { GradientIn = turn.Volatile.GradientIn + after };
        ArmGradient(turn);
    }

    // The gradient's clock goes by the peer's own time: where that stands still before the clock rings, an exchange sets it going again.
    private void ArmGradient(Turn<Saved, Live> turn)
    {
        double units = turn.Volatile.GradientIn;
        if (units <= Left(turn))
        {
            turn.SetTimer(new TimerId("gradient"), TimeSpan.FromTicks((long)Math.Ceiling(units * UnitTicks) - (Later(turn) - turn.Durable.At)));
        }
        else
        {
            turn.CancelTimer(new TimerId("gradient"));
        }
    }

    private void ArmEdge(Turn<Saved, Live> turn, PeerId partner) => turn.SetTimer(
        new TimerId("edge", (long)partner.Value), TimeSpan.FromSeconds(Exponential(turn) / OwnEdges(turn.Setup)[partner] * options.UnitSeconds));

    // A draw with mean 1; at most 37, as the smallest unit above 0 says.
    private static double Exponential(Turn<Saved, Live> turn)
    {
        long draws = turn.Volatile.Draws + 1;
        turn.Volatile = turn.Volatile with { Draws = draws };
        return -Math.Log(1 - CounterRandom.Unit(CounterRandom.Bits(turn.Setup.Seed, ClockRole, turn.Self.Value, (ulong)draws, (ulong)turn.Now.Ticks)));
    }

    /// <summary>Constants that all peers go by.</summary>
    /// <param name="setup">Of any of them.</param>
    public DadaoParameters ParametersOf(PeerSetup setup) => MethodOf(setup).Parameters;

    // Rings per unit of time of the edges whose lower end this peer is.
    private Dictionary<PeerId, double> OwnEdges(PeerSetup setup)
    {
        EdgeRates used = MethodOf(setup).Rates;
        int self = setup.IndexOf(setup.Self);
        return used.Graph.Edges.Zip(used.Probabilities).Where(e => e.First.From == self)
            .ToDictionary(e => setup.Roster[e.First.To], e => e.Second * used.Total * Margin);
    }

    // A function of the mixing schedule; kept as a matter of time only.
    private Method MethodOf(PeerSetup setup)
    {
        IMixingSchedule mixing = setup.RequireMixing();
        if (_method is not { } known || !ReferenceEquals(known.Mixing, mixing))
        {
            Topology graph = Topology.FromEdges(
                mixing.Count, Enumerable.Range(0, mixing.Count).SelectMany(i => mixing.Receivers(i, 0).Select(j => (i, j))));
            EdgeRates used = rates ?? (options.OptimisedRates ? EdgeRates.Optimised(graph) : EdgeRates.Uniform(graph));
            DadaoParameters parameters = new(options.Mu, options.Smoothness, used.Chi1P / used.Total);
            double[] ofPeers = new double[graph.Count];
            foreach (((int i, int j), double share) in used.Graph.Edges.Zip(used.Probabilities))
            {
                ofPeers[i] += share * used.Total * Margin;
                ofPeers[j] += share * used.Total * Margin;
            }

            _method = known = new Method(mixing, used, new DadaoFlow(parameters), parameters, ofPeers);
        }

        return known;
    }

    private sealed record Method(IMixingSchedule Mixing, EdgeRates Rates, DadaoFlow Flow, DadaoParameters Parameters, double[] OfPeers)
    {
        /// <summary>Rings per unit of time of all edges of a peer.</summary>
        internal double RateOf(PeerSetup setup) => OfPeers[setup.IndexOf(setup.Self)];
    }
}

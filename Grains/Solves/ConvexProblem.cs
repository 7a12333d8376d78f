using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using OrleansDDM.Learning.Convex;
using OrleansDDM.Protocols.Aggregation;
using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Protocols.Shards;
using OrleansDDM.Protocols.Topologies;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Solves;

/// <summary>
/// What the peers of a solve work on: who holds what, the graph, and the constants that all must go by. A function of spec and data, so every silo comes
/// to the same. Immutable and thread-safe.
/// </summary>
internal sealed class ConvexProblem
{
    /// <summary>Elements of x at most: a vector is at most 64 KiB, so that a peer's state and its messages hold their vectors.</summary>
    public const int MaxParameters = 8192;

    // Seconds of a step that ends with a write of the peer's row, as on a slow disk; only the length of a unit of time follows from it.
    private const double StepSeconds = 0.003;

    private readonly IConvexLearning _learning;
    private readonly SoftmaxShard[] _shards;

    private ConvexProblem(SolveSpec spec, IConvexLearning learning, SoftmaxData data, int[][] rows, EdgeRates rates)
    {
        (Spec, _learning) = (spec, learning);
        Dimension = data.Parameters;
        (Inputs, Classes) = (data.Count, data.Classes);
        _shards = [.. rows.Select(r => new SoftmaxShard(data, r, rows.Length, spec.Ridge))];
        Samples = [.. rows.Select(r => r.Length)];
        Rates = rates;
        Parameters = new DadaoParameters(spec.Ridge, _shards.Max(s => s.Smoothness), rates.Chi1P / rates.Total);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([data.Count, data.Width, data.Classes]));
        foreach (int[] shard in rows)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([shard.Length, .. shard, .. shard.Select(row => data.Labels[row])]));
        }

        hash.AppendData(MemoryMarshal.AsBytes<double>([.. rates.Probabilities]));
        foreach ((int from, int to) in spec.Topology == "file" ? rates.Graph.Edges : [])
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([from, to]));
        }

        Digest = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The solve.</summary>
    public SolveSpec Spec { get; }

    /// <summary>Elements of x.</summary>
    public int Dimension { get; }

    /// <summary>Inputs in all.</summary>
    public int Inputs { get; }

    /// <summary>Classes that they are told apart into.</summary>
    public int Classes { get; }

    /// <summary>Inputs of each peer.</summary>
    public ImmutableArray<int> Samples { get; }

    /// <summary>The graph and the rates of its edges.</summary>
    public EdgeRates Rates { get; }

    /// <summary>Constants of the method.</summary>
    public DadaoParameters Parameters { get; }

    /// <summary>SHA-256 of who holds what and how often who exchanges with whom: where data or software of two hosts differ, this does too.</summary>
    public string Digest { get; }

    /// <summary>x₀ = 0.</summary>
    public byte[] Initial => new byte[Dimension * sizeof(double)];

    /// <summary>Loads the data and deals them out. Heavy.</summary>
    /// <exception cref="SpecException">The inputs cannot be dealt out so, there is no such graph of that many peers, or x has too many elements.</exception>
    public static ConvexProblem Of(SolveSpec spec, IConvexLearning learning)
    {
        EdgeRates rates = RatesOf(spec);
        SoftmaxData data = learning.Inputs(spec);
        if (data.Parameters > MaxParameters)
        {
            throw new SpecException(
                "data.name", $"'{spec.Data.Name}' gives {data.Parameters} parameters ({data.Classes} classes x {data.Width}); a solve takes at most {MaxParameters}, so take smaller images");
        }

        return new ConvexProblem(spec, learning, data, Deal(spec, data), rates);
    }

    /// <summary>Who is connected to whom.</summary>
    /// <exception cref="SpecException">There is no such connected graph of that many peers, or rates are not optimised for so many.</exception>
    public static Topology Graph(SolveSpec spec)
    {
        if (spec.Rates == "optimised" && spec.Peers > EdgeRates.MostOptimised)
        {
            throw new SpecException("rates", $"are optimised for at most {EdgeRates.MostOptimised} peers, not for {spec.Peers}; take uniform ones");
        }

        TopologyPlan plan = new()
        {
            Kind = spec.Peers < 3 && spec.Topology != "file" ? "complete" : spec.Topology,
            Degree = Math.Clamp(spec.Peers - 1, 1, spec.TopologyDegree ?? 4),
            Radius = spec.TopologyRadius ?? 0.4,
            Seed = spec.Seed,
            File = spec.TopologyFile,
        };
        ProtocolCatalog.CheckTopology("dadao", plan, spec.Peers);
        return plan.Graph(spec.Peers);
    }

    /// <summary>Who sends to whom, as the protocol takes it.</summary>
    public IMixingSchedule Mixing() => new MetropolisMixing(Rates.Graph);

    /// <summary>
    /// Seconds of a unit of time, in which each peer takes a gradient and the clocks ring for <see cref="DadaoRounds.Margin"/> λ exchanges, each of three written steps.
    /// A unit that is too short does no harm, as a peer's time goes only as fast as its exchanges.
    /// </summary>
    /// <param name="gradientSeconds">Seconds of a gradient of the largest shard.</param>
    /// <param name="hosts">Silos over which the peers are spread.</param>
    public double UnitSeconds(double gradientSeconds, int hosts)
    {
        double work = (Spec.Peers * (gradientSeconds + StepSeconds)) + (3 * DadaoRounds.Margin * Rates.Total * StepSeconds);
        return Spec.UnitSeconds > 0 ? Spec.UnitSeconds : Math.Clamp(work / Math.Max(1, hosts), 0.05, 1e4);
    }

    /// <summary>The protocol of the peers.</summary>
    /// <param name="gradientSeconds">Seconds of a gradient of the largest shard.</param>
    /// <param name="hosts">Silos over which the peers are spread.</param>
    public DadaoRounds Protocol(double gradientSeconds, int hosts)
    {
        double unit = UnitSeconds(gradientSeconds, hosts);
        var options = new DadaoOptions
        {
            Mu = Parameters.Mu,
            Smoothness = Parameters.Smoothness,
            UnitSeconds = unit,
            AnswerSeconds = Math.Clamp(unit, 0.25, 10),

            // Peers outlive crashes with all that they applied: whoever is in doubt is told in the end, and must not presume anything before.
            DoubtSeconds = 1e6,
        };
        options.Validate();
        return new DadaoRounds(options, Rates);
    }

    /// <summary>∇f_i(x) of one peer, and f_i(x).</summary>
    /// <param name="peer">Its number.</param>
    /// <param name="x">Bytes of x.</param>
    /// <exception cref="InvalidDataException">x is no vector of this problem, or the gradient is not finite.</exception>
    public (byte[] Gradient, double Loss) Gradient(int peer, byte[] x)
    {
        double[] gradient = new double[Dimension];
        double loss = _learning.Gradient(Spec, _shards[peer], VectorBytes.Read(x, Dimension), gradient);
        byte[] bytes = VectorBytes.Write(gradient);
        return VectorBytes.IsVector(bytes, Dimension) && double.IsFinite(loss)
            ? (bytes, loss)
            : throw new InvalidDataException("The gradient is not finite.");
    }

    /// <summary>A linear combination of vectors.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="vectors">Names and weights.</param>
    /// <param name="get">Bytes of a vector.</param>
    /// <exception cref="InvalidDataException">A vector is not of this problem, or the result is not finite.</exception>
    /// <exception cref="ArgumentException">The weights are wrong.</exception>
    public byte[] Combine(AggregationRule rule, IReadOnlyList<Contribution> vectors, Func<ModelHandle, byte[]> get)
    {
        byte[] bytes = VectorBytes.Write(VectorAggregation.Apply(rule, vectors, v => VectorBytes.Read(get(v), Dimension), []));
        return VectorBytes.IsVector(bytes, Dimension) ? bytes : throw new InvalidDataException("The combination is not finite.");
    }

    private static EdgeRates RatesOf(SolveSpec spec)
    {
        try
        {
            Topology graph = Graph(spec);
            return spec.Rates == "optimised" ? EdgeRates.Optimised(graph, spec.Seed) : EdgeRates.Uniform(graph);
        }
        catch (ArgumentException e)
        {
            throw new SpecException("topology", $"'{spec.Topology}' of {spec.Peers} peers cannot be used: {e.Message.TrimEnd('.')}");
        }
    }

    private static int[][] Deal(SolveSpec spec, SoftmaxData data)
    {
        try
        {
            return spec.Shards switch
            {
                "iid" => ShardPlanner.Iid(data.Count, spec.Peers, spec.Seed),
                "label-sorted" => ShardPlanner.LabelSorted(data.Labels, spec.Peers, spec.ClassesPerPeer, spec.Seed),
                "pathological" => ShardPlanner.Pathological(data.Labels, spec.Peers, spec.ClassesPerPeer, spec.Seed),
                "quantity" => ShardPlanner.QuantitySkew(data.Count, spec.Peers, spec.Alpha, spec.Seed),
                _ => ShardPlanner.Dirichlet(data.Labels, spec.Peers, spec.Alpha, spec.Seed),
            };
        }
        catch (ArgumentException e)
        {
            throw new SpecException("shards", string.Create(CultureInfo.InvariantCulture, $"cannot be dealt out as '{spec.Shards}' to {spec.Peers} peers: {e.Message.TrimEnd('.')}"));
        }
    }
}

using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>
/// f_i(x) = ½ ‖x − c_i‖² with a centre c_i per peer, drawn from N(0, spread²): gradient descent, no noise. The best common model is the
/// mean of the centres, known exactly.
/// </summary>
public sealed class QuadraticTask : GradientTask
{
    private readonly double[][] _centres;

    /// <summary>Makes the task.</summary>
    /// <param name="peers">Peers.</param>
    /// <param name="seed">Seed of the centres.</param>
    /// <param name="dimension">Elements of a model.</param>
    /// <param name="rate">Learning rate, 0 .. 2; 0 = models do not change.</param>
    /// <param name="spread">How unlike the peers are.</param>
    /// <param name="stepSeconds">Virtual seconds of a step.</param>
    /// <param name="modelBytes">Bytes of a model on the wire; null = 4 for each element.</param>
    public QuadraticTask(
        int peers, ulong seed, int dimension = 8, double rate = 0.05, double spread = 1, double stepSeconds = 0.02, long? modelBytes = null)
        : base(new double[dimension], rate, stepSeconds, modelBytes)
    {
        CounterStream random = new(seed, "quadratic-centres");
        _centres = [.. Enumerable.Range(0, peers).Select(_ => Enumerable.Range(0, dimension).Select(_ => spread * random.Normal()).ToArray())];
        Optimum = [.. Enumerable.Range(0, dimension).Select(d => _centres.Average(c => c[d]))];
    }

    /// <summary>The best common model of all peers.</summary>
    public double[] Optimum { get; }

    /// <summary>Largest distance of a peer's centre to the best model.</summary>
    public double Radius => _centres.Max(c => Math.Sqrt(c.Zip(Optimum, (x, y) => (x - y) * (x - y)).Sum()));

    /// <summary>Where a peer's own loss is 0.</summary>
    public double[] Centre(int peer) => _centres[peer];

    /// <summary>Distance of a model to the best one.</summary>
    public double Error(ModelHandle model) => Math.Sqrt(Get(model).Zip(Optimum, (x, y) => (x - y) * (x - y)).Sum());

    /// <inheritdoc/>
    public override void FullGradient(int peer, ReadOnlySpan<double> model, Span<double> gradient)
    {
        double[] centre = _centres[peer];
        for (int d = 0; d < centre.Length; d++)
        {
            gradient[d] = model[d] - centre[d];
        }
    }
}

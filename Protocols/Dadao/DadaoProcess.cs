using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Dadao;

/// <summary>
/// DADAO (Nabli and Oyallon, ICML 2023, arXiv 2208.00779) as the process that the theorem speaks of: every node has a gradient clock of rate 1,
/// every edge a communication clock, both exponential; an event takes no time.
/// <code>
/// gradient at i   g = ∇f_i(x_i) − νx_i − ỹ_i;   x_i −= γg;  x̃_i −= γ̃g;  ỹ_i += (δ+δ̃)g
/// edge (i, j)     m = (y_i + z_i) − (y_j + z_j);   z_i −= βm;  z̃_i −= β̃m;  z_j += βm;  z̃_j += β̃m
/// </code>
/// Between its events a node follows <see cref="DadaoFlow"/>, integrated when the next one comes. Only y + z travels: one vector each way.
/// </summary>
public sealed class DadaoProcess
{
    private const int X = 0, XTilde = 1, Y = 2, YTilde = 3, Z = 4, ZTilde = 5;

    private readonly IConvexProblem _problem;
    private readonly DadaoParameters _parameters;
    private readonly DadaoFlow _flow;
    private readonly CounterStream _random;
    private readonly (int From, int To)[] _edges;
    private readonly double[] _cumulative;
    private readonly double _total;
    private readonly double[][][] _state;
    private readonly double[] _at;
    private double _next;

    /// <summary>Prepares a run from x = 0.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="rates">The edges' clocks.</param>
    /// <param name="seed">Seed of the clocks.</param>
    /// <param name="rateFactor">
    /// What the communications really come at, against the rate that the constants are made for; 1 = as the theory asks, 0.5 = the control.
    /// </param>
    /// <exception cref="ArgumentException">Nodes of problem and graph are not as many.</exception>
    public DadaoProcess(IConvexProblem problem, EdgeRates rates, ulong seed, double rateFactor = 1)
    {
        if (problem.Nodes != rates.Graph.Count)
        {
            throw new ArgumentException($"The problem has {problem.Nodes} nodes, the graph {rates.Graph.Count}.", nameof(rates));
        }

        _problem = problem;
        _total = rates.Total * rateFactor;
        _parameters = new DadaoParameters(problem.Mu, problem.Smoothness, rates.Chi1P / rates.Total);
        _flow = new DadaoFlow(_parameters);
        _random = new CounterStream(seed, "dadao-clocks");
        _edges = [.. rates.Graph.Edges];
        double reached = 0;
        _cumulative = [.. rates.Probabilities.Select(p => reached += p)];
        _state = [.. Enumerable.Range(0, problem.Nodes).Select(_ =>
            Enumerable.Range(0, DadaoFlow.Vectors).Select(_ => new double[problem.Dimension]).ToArray())];
        _at = new double[problem.Nodes];
        _next = Wait();
    }

    /// <summary>Constants in use.</summary>
    public DadaoParameters Parameters => _parameters;

    /// <summary>Time reached.</summary>
    public double Time { get; private set; }

    /// <summary>Gradients computed.</summary>
    public long Gradients { get; private set; }

    /// <summary>Edges activated; each sends a vector both ways.</summary>
    public long Communications { get; private set; }

    /// <summary>mean_i ‖x_i − x*‖² now.</summary>
    public double Error()
    {
        double sum = 0;
        for (int node = 0; node < _problem.Nodes; node++)
        {
            Integrate(node);
            for (int d = 0; d < _problem.Dimension; d++)
            {
                double difference = _state[node][X][d] - _problem.Optimum[d];
                sum += difference * difference;
            }
        }

        return sum / _problem.Nodes;
    }

    /// <summary>‖Σ_i z_i‖: 0 but for rounding, because every exchange is antisymmetric.</summary>
    public double ImbalanceOfZ()
    {
        double[] sum = new double[_problem.Dimension];
        for (int node = 0; node < _problem.Nodes; node++)
        {
            Integrate(node);
            for (int d = 0; d < sum.Length; d++)
            {
                sum[d] += _state[node][Z][d];
            }
        }

        return Math.Sqrt(sum.Sum(s => s * s));
    }

    /// <summary>Runs up to a time.</summary>
    public void RunUntil(double time)
    {
        while (_next <= time)
        {
            Time = _next;
            if (_random.Unit() * (_problem.Nodes + _total) < _problem.Nodes)
            {
                TakeGradient(_random.Below(_problem.Nodes));
            }
            else
            {
                int edge = Array.BinarySearch(_cumulative, _random.Unit());
                Communicate(_edges[Math.Min(edge < 0 ? ~edge : edge, _edges.Length - 1)]);
            }

            _next = Time + Wait();
        }

        Time = time;
    }

    private double Wait() => -Math.Log(1 - _random.Unit()) / (_problem.Nodes + _total);

    private void Integrate(int node)
    {
        if (Time > _at[node])
        {
            DadaoFlow.Apply(_flow.Exponential(Time - _at[node]), _state[node]);
            _at[node] = Time;
        }
    }

    private void TakeGradient(int node)
    {
        Gradients++;
        Integrate(node);
        double[][] s = _state[node];
        Span<double> gradient = stackalloc double[_problem.Dimension];
        _problem.Gradient(node, s[X], gradient);
        for (int d = 0; d < gradient.Length; d++)
        {
            double g = gradient[d] - (_parameters.Nu * s[X][d]) - s[YTilde][d];
            s[X][d] -= _parameters.Gamma * g;
            s[XTilde][d] -= _parameters.GammaTilde * g;
            s[YTilde][d] += _parameters.Delta * g;
        }
    }

    private void Communicate((int From, int To) edge)
    {
        Communications++;
        Integrate(edge.From);
        Integrate(edge.To);
        (double[][] i, double[][] j) = (_state[edge.From], _state[edge.To]);
        for (int d = 0; d < _problem.Dimension; d++)
        {
            double m = i[Y][d] + i[Z][d] - j[Y][d] - j[Z][d];
            i[Z][d] -= DadaoParameters.Beta * m;
            i[ZTilde][d] -= _parameters.BetaTilde * m;
            j[Z][d] += DadaoParameters.Beta * m;
            j[ZTilde][d] += _parameters.BetaTilde * m;
        }
    }
}

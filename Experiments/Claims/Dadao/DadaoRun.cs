using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Topologies;

namespace OrleansDDM.Experiments.Claims.Dadao;

/// <summary>
/// DADAO in continuous time: gradients at rate 1 for each peer and exchanges along edges at their rates, all of them Poisson clocks; between
/// its own events a peer's six vectors follow a linear flow, integrated exactly when the next event comes.
/// <code>
/// gradient at i:    g = ∇f_i(x_i) − ν x_i − ỹ_i;  x_i −= γ g;  x̃_i −= γ̃ g;  ỹ_i += (δ + δ̃) g
/// exchange of i, j: m = (y_i + z_i) − (y_j + z_j);  z_i −= β m;  z̃_i −= β̃ m;  z_j += β m;  z̃_j += β̃ m
/// </code>
/// </summary>
internal sealed class DadaoRun
{
    private const int Parts = 6;

    private readonly QuadraticPeers _problem;
    private readonly EdgeRates _rates;
    private readonly (int From, int To)[] _edges;
    private readonly double[] _reached;
    private readonly DadaoParameters _parameters;
    private readonly double[] _generator;
    private readonly double[][,] _state;
    private readonly double[] _since;

    /// <summary>Peers at x = 0.</summary>
    public DadaoRun(QuadraticPeers problem, Topology graph, EdgeRates rates)
    {
        (_problem, _rates) = (problem, rates);
        _edges = [.. graph.Edges];
        _parameters = new DadaoParameters(problem.Condition, 1, rates.Chi1);
        _generator = _parameters.Generator();
        _state = [.. Enumerable.Range(0, graph.Count).Select(_ => new double[Parts, problem.Dimension])];
        _since = new double[graph.Count];
        _reached = new double[_edges.Length];
        double sum = 0;
        for (int e = 0; e < _edges.Length; e++)
        {
            _reached[e] = sum += rates.Probabilities[e];
        }
    }

    /// <summary>Rate that the theory promises.</summary>
    public double TheoryRate => _parameters.Rate;

    /// <summary>Gradients so far.</summary>
    public long Gradients { get; private set; }

    /// <summary>Exchanges so far.</summary>
    public long Exchanges { get; private set; }

    /// <summary>Mean over peers of ‖x_i − x*‖², as each has it at its last event.</summary>
    public double Error => _state.Average(s => Enumerable.Range(0, _problem.Dimension).Sum(d => Math.Pow(s[0, d] - _problem.Best[d], 2)));

    /// <summary>Runs for a time, and reports at equal distances.</summary>
    /// <param name="seconds">Units of time.</param>
    /// <param name="every">Units of time between reports.</param>
    /// <param name="seed">Seed of the clocks.</param>
    /// <param name="report">Time; returns whether to go on.</param>
    public void Run(double seconds, double every, ulong seed, Func<double, bool> report)
    {
        CounterStream random = new(seed, "dadao-clocks");
        double now = 0, next = 0, total = _state.Length + _rates.Total;
        while (true)
        {
            now -= Math.Log(1 - random.Unit()) / total;
            for (; next <= Math.Min(now, seconds); next += every)
            {
                if (!report(next))
                {
                    return;
                }
            }

            if (now > seconds)
            {
                return;
            }

            double which = random.Unit() * total;
            if (which < _state.Length)
            {
                StepOf((int)which, now);
            }
            else
            {
                int edge = Array.BinarySearch(_reached, random.Unit());
                Exchange(_edges[Math.Min(edge < 0 ? ~edge : edge, _edges.Length - 1)], now);
            }
        }
    }

    private void StepOf(int peer, double now)
    {
        Gradients++;
        double[,] s = Flow(peer, now);
        double[] x = [.. Enumerable.Range(0, _problem.Dimension).Select(d => s[0, d])];
        double[] slope = _problem.Gradient(peer, x);
        for (int d = 0; d < x.Length; d++)
        {
            double g = slope[d] - (_parameters.Nu * x[d]) - s[3, d];
            s[0, d] -= _parameters.Gamma * g;
            s[1, d] -= _parameters.GammaTilde * g;
            s[3, d] += _parameters.DeltaSum * g;
        }
    }

    private void Exchange((int From, int To) edge, double now)
    {
        Exchanges++;
        double[,] a = Flow(edge.From, now), b = Flow(edge.To, now);
        for (int d = 0; d < _problem.Dimension; d++)
        {
            double m = a[2, d] + a[4, d] - b[2, d] - b[4, d];
            a[4, d] -= _parameters.Beta * m;
            a[5, d] -= _parameters.BetaTilde * m;
            b[4, d] += _parameters.Beta * m;
            b[5, d] += _parameters.BetaTilde * m;
        }
    }

    // e^(M Δt) on every coordinate.
    private double[,] Flow(int peer, double now)
    {
        double[] flow = MatrixExponential.Of(_generator, Parts, now - _since[peer]);
        _since[peer] = now;
        double[,] s = _state[peer];
        Span<double> old = stackalloc double[Parts];
        for (int d = 0; d < _problem.Dimension; d++)
        {
            for (int i = 0; i < Parts; i++)
            {
                old[i] = s[i, d];
            }

            for (int i = 0; i < Parts; i++)
            {
                double sum = 0;
                for (int j = 0; j < Parts; j++)
                {
                    sum += flow[(i * Parts) + j] * old[j];
                }

                s[i, d] = sum;
            }
        }

        return s;
    }
}

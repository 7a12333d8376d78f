using Microsoft.Extensions.Logging;

using Orleans.Runtime;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Solves;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Grains.Peers;
using OrleansDDM.Grains.State;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Solves;

/// <summary>The peers of a solve as its grain sees them: where they are, how far they came, how near to the optimum. Used in the grain's turns only.</summary>
internal sealed partial class SolveCrew
{
    private readonly string _name;
    private readonly SolveState _state;
    private readonly ConvexProblem? _problem;
    private readonly PeerServices _services;
    private readonly IGrainFactory _grains;
    private readonly ILogger _logger;
    private readonly long _term;
    private readonly PeerAddress[] _roster;
    private readonly Dictionary<int, (double[] Point, double[] Gradient, double Loss)> _points = [];
    private readonly Dictionary<int, (long Gradients, long Exchanges)> _done = [];
    private readonly Dictionary<int, (long Term, PeerCounts Counts)> _known = [];
    private readonly HashSet<int> _lost = [];
    private Certificate? _certificate;
    private double _imbalance = double.NaN;
    private double _accuracy = double.NaN;
    private long _returns;
    private string? _reason;

    /// <summary>Sets up the crew.</summary>
    /// <param name="name">Name of the solve.</param>
    /// <param name="state">Its state; it has begun.</param>
    /// <param name="problem">What it works on; null = its peers are only to be stopped.</param>
    /// <param name="services">Services of the silo.</param>
    /// <param name="grains">Grains.</param>
    /// <param name="logger">Logger.</param>
    public SolveCrew(string name, SolveState state, ConvexProblem? problem, PeerServices services, IGrainFactory grains, ILogger logger)
    {
        (_name, _state, _problem, _services, _grains, _logger, _term) = (name, state, problem, services, grains, logger, state.Term);
        int peers = problem?.Spec.Peers ?? SolveSpec.Read(state.Spec).Peers;
        _roster = [.. Enumerable.Range(0, peers).Select(p => new PeerAddress(p, state.Hosts[p % state.Hosts.Length], problem?.Samples[p] ?? 1))];
    }

    /// <summary>Distance to the optimum at which every peer is proven to be at most; NaN = not known.</summary>
    public double Bound => _certificate?.Bound ?? double.NaN;

    /// <summary>Gradients of a peer, on average.</summary>
    public double GradientsOfAPeer => (double)_done.Values.Sum(d => d.Gradients) / _roster.Length;

    /// <summary>Why it cannot go on; null = it can.</summary>
    public string? Fault { get; private set; }

    private ConvexProblem Problem => _problem ?? throw new InvalidOperationException("These peers are only to be stopped.");

    /// <summary>Takes note of what a peer did.</summary>
    public void Accept(PeerReport report)
    {
        if (report.Number >= 0 && report.Number < _roster.Length)
        {
            Count(report.Number, report.Term, report.Counts);
        }
    }

    /// <summary>Starts the peers that do not run: at the beginning, and those that came back.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        var start = new PeerStart(
            _state.Spec,
            _state.Status.SpecHash,
            _term,
            ModelHandle.OfContent(Problem.Initial).ToString(),
            _roster,
            false,
            _state.GradientSeconds,
            _state.Began,
            Problem.Digest);
        await EachAsync(async peer =>
        {
            PeerStatus status = await PeerAt(peer).StartAsync(start with { Recorded = _done.ContainsKey(peer.Number) ? 1 : 0 }, stop);
            Count(peer.Number, status.Term, status.Counts);
        });
    }

    /// <summary>Asks the peers where they are.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        await EachAsync(async peer =>
        {
            PeerExport export = await PeerAt(peer).ExportAsync(false, stop);
            if (export.SpecHash != _state.Status.SpecHash)
            {
                return;
            }

            if (VectorBytes.IsVector(export.Point, Problem.Dimension) && VectorBytes.IsVector(export.Gradient, Problem.Dimension))
            {
                _points[peer.Number] = (VectorBytes.Read(export.Point, Problem.Dimension), VectorBytes.Read(export.Gradient, Problem.Dimension), export.Loss);
            }

            if (export.Durable.Length > 0)
            {
                DadaoRounds.Saved saved = Saved(export);
                _done[peer.Number] = (saved.Gradients, saved.Exchanges);
            }
        });
        if (_points.Count == _roster.Length)
        {
            double[][] points = [.. _points.Values.Select(p => p.Point)], gradients = [.. _points.Values.Select(p => p.Gradient)];
            _certificate = await _services.Slots.RunAsync(
                Lane.Training, () => Certificate.Of(points, gradients, Problem.Parameters.Mu, Problem.Parameters.Smoothness), stop);
        }
    }

    /// <summary>Looks at the stopped peers whether what they exchanged is in balance.</summary>
    public async Task BalanceAsync(CancellationToken stop)
    {
        Dictionary<int, PeerExport> exports = [];
        await EachAsync(async peer => exports[peer.Number] = await PeerAt(peer).ExportAsync(true, stop));
        if (exports.Count < _roster.Length || exports.Values.Any(e => e.Durable.Length == 0 || e.SpecHash != _state.Status.SpecHash))
        {
            return;
        }

        Dictionary<ModelHandle, double[]> vectors = new() { [ModelHandle.OfContent(Problem.Initial)] = new double[Problem.Dimension] };
        foreach (PeerVector vector in exports.Values.SelectMany(e => e.Vectors))
        {
            vectors[ModelHandle.FromBytes(Convert.FromHexString(vector.Name))] = VectorBytes.Read(vector.Bytes, Problem.Dimension);
        }

        Dictionary<PeerId, DadaoRounds.Saved> saved = exports.ToDictionary(e => new PeerId((ulong)e.Key), e => Saved(e.Value));
        _imbalance = Certificate.Norm(DadaoBalance.Of(saved, Problem.Parameters, Problem.Dimension, v => vectors[v]));
        foreach ((PeerId peer, DadaoRounds.Saved last) in saved)
        {
            _done[(int)peer.Value] = (last.Gradients, last.Exchanges);
        }
    }

    /// <summary>The mean of the peers' points, judged on the test inputs.</summary>
    public async Task<byte[]> SolutionAsync(CancellationToken stop)
    {
        if (_certificate is not { } certificate)
        {
            return [];
        }

        _accuracy = await _services.Slots.RunAsync(
            Lane.Training, () => _services.Convex.Learning.TestInputs(Problem.Spec).Accuracy(certificate.Mean), stop);
        return VectorBytes.Write(certificate.Mean);
    }

    /// <summary>Stops the peers.</summary>
    /// <param name="forget">Whether what they have stored goes too.</param>
    public Task StopAsync(bool forget) => EachAsync(peer => PeerAt(peer).StopAsync(_term, forget));

    /// <summary>Removes the peers' states.</summary>
    public Task RemoveAsync(CancellationToken cancellation) => EachAsync(peer => PeerAt(peer).RemoveAsync(cancellation));

    /// <summary>What is known.</summary>
    /// <param name="stored">The status to fill in.</param>
    public SolveStatus Status(SolveStatus stored) => stored with
    {
        Message = _lost.Count > 0 ? _reason : null,
        Peers = _roster.Length,
        Unreachable = _lost.Count,
        Parameters = Problem.Dimension,
        Samples = Problem.Inputs,
        Classes = Problem.Classes,
        Mu = Problem.Parameters.Mu,
        Smoothness = Problem.Parameters.Smoothness,
        Rate = Problem.Rates.Total,
        UnitSeconds = Problem.UnitSeconds(_state.GradientSeconds, _state.Hosts.Length),
        Gradients = _done.Values.Sum(d => d.Gradients),
        Exchanges = _done.Values.Sum(d => d.Exchanges),
        Bound = Bound,
        Disagreement = _certificate?.Disagreement ?? double.NaN,
        Objective = _points.Count == _roster.Length ? _points.Values.Average(p => p.Loss) : double.NaN,
        Imbalance = _imbalance,
        TestAccuracy = _accuracy,
        Returns = _returns,
        Counts = _known.Values.Aggregate(new PeerCounts(), (sum, peer) => sum.Plus(peer.Counts)),
        Seconds = (_services.Clock.GetUtcNow() - _state.Began).TotalSeconds,
    };

    private DadaoRounds.Saved Saved(PeerExport export) =>
        (DadaoRounds.Saved)new MessageCodec(new DadaoRounds(new DadaoOptions())).DecodeDurable(export.Durable);

    private void Count(int peer, long term, PeerCounts counts)
    {
        if (_known.TryGetValue(peer, out (long Term, PeerCounts Counts) known) && term < known.Term)
        {
            return;
        }

        _returns += known.Term > 0 && term > known.Term ? term - known.Term : 0;
        _known[peer] = (term, counts);
    }

    // A peer that does not answer is asked again the next time; what its host says against the solve ends it.
    private Task EachAsync(Func<PeerAddress, Task> call) => Task.WhenAll(_roster.Select(async peer =>
    {
        if (!_services.Hosts.IsUp(peer.Host))
        {
            _lost.Add(peer.Number);
            _reason = $"Host '{peer.Host}' is down; its peers are waited for.";
            return;
        }

        try
        {
            await call(peer);
            _lost.Remove(peer.Number);
        }
        catch (Exception e) when (e is InvalidOperationException or SpecException or Learning.Data.DatasetException or InvalidDataException)
        {
            Fault = e.Message;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or StaleTermException)
        {
            _lost.Add(peer.Number);
            _reason = $"Peer {peer.Number} on host '{peer.Host}' does not answer; it is waited for.";
            LogUnreachable(_name, peer.Number, e.Message);
        }
    }));

    private IPeerGrain PeerAt(PeerAddress peer) => _grains.GetGrain<IPeerGrain>(GrainKeys.Peer(_name, GrainKeys.SolveRole, peer.Number, peer.Host));

    [LoggerMessage(EventId = 1085, Level = LogLevel.Debug, Message = "Solve {Name}: peer {Number} could not be reached: {Reason}")]
    private partial void LogUnreachable(string name, int number, string reason);
}

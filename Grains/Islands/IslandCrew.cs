using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Grains.State;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>A round that an island completed, on its way into the record.</summary>
internal sealed record CompletedRound(int Peer, long Rounds, ArtifactReference Model, double Loss);

/// <summary>The peers of one island as its grain sees them: where they are, what they did, what they completed. Used in the grain's turns only.</summary>
internal sealed class IslandCrew
{
    private readonly RunSpec _spec;
    private readonly IslandPlan _plan;
    private readonly IslandState _island;
    private readonly IProtocol _protocol;
    private readonly string _shards;
    private readonly Dictionary<int, (long Term, PeerCounts Counts)> _known = [];
    private readonly Dictionary<int, int> _acquainted = [];
    private readonly HashSet<int> _lost = [];
    private readonly List<CompletedRound> _rounds = [];
    private readonly long _before;
    private readonly TimeProvider _clock;
    private PeerCounts _past = new();
    private long _recordedTrainings;
    private long _returns;
    private double _loss;
    private int _losses;
    private double _longestWait;
    private long? _roundAt;

    /// <summary>Sets up the crew of an island.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="plan">The island.</param>
    /// <param name="island">Silos over which the peers of the run are spread in turn, when it began, and its graph.</param>
    /// <param name="term">Term of the island's activation.</param>
    /// <param name="initial">The common initial model.</param>
    /// <param name="rounds">Rounds recorded by earlier activations.</param>
    /// <param name="clock">Says how long a round takes.</param>
    public IslandCrew(RunSpec spec, IslandPlan plan, IslandState island, long term, ModelHandle initial, long rounds, TimeProvider clock)
    {
        _clock = clock;
        _spec = spec;
        _plan = plan;
        _island = island;
        _shards = plan.Digest;
        _protocol = IslandProtocols.Of(spec.Islands, plan.Samples.Count);
        _before = Round = Recorded = rounds;
        Term = term;
        Initial = initial;
        Roster = [.. plan.Samples.Select(p => new PeerAddress(p.Key, HostOf(p.Key, island), Math.Max(1, p.Value)))];
        Reachable = [.. Roster.Where(p => !plan.Unreachable.Contains(p.Number))];
    }

    /// <summary>Term of the island's activation.</summary>
    public long Term { get; }

    /// <summary>The common initial model.</summary>
    public ModelHandle Initial { get; }

    /// <summary>All peers of the island, as its peers know them.</summary>
    public PeerAddress[] Roster { get; }

    /// <summary>Those that are not unreachable on purpose. The others are never started, so they never answer.</summary>
    public PeerAddress[] Reachable { get; }

    /// <summary>Rounds completed.</summary>
    public long Round { get; private set; }

    /// <summary>Rounds recorded.</summary>
    public long Recorded { get; private set; }

    /// <summary>Whether rounds wait to be recorded.</summary>
    public bool HasRounds => _rounds.Count > 0;

    /// <summary>Name of the silo on which a peer of an island is.</summary>
    public static string HostOf(int peer, IslandState island) => island.Hosts[peer % island.Hosts.Length];

    /// <summary>The message that starts a peer.</summary>
    public PeerStart Start() =>
        new(SpecJson.Canonical(_spec), _island.SpecHash, Term, Initial.ToString(), Roster, Round > 0, _island.TrainSeconds, _island.Began, _shards, Recorded);

    /// <summary>Takes note of a peer that was started or is running.</summary>
    public void Accept(PeerStatus status)
    {
        if (status.Running)
        {
            _lost.Remove(status.Number);
            _acquainted[status.Number] = status.Known;
            Count(status.Number, status.Term, status.Counts);
        }
    }

    /// <summary>Takes note of what a peer did; true where a round was completed.</summary>
    public bool Accept(PeerReport report)
    {
        if (!_plan.Samples.ContainsKey(report.Number) || !Count(report.Number, report.Term, report.Counts))
        {
            return false;
        }

        _lost.Remove(report.Number);
        _acquainted[report.Number] = report.Known;
        if (double.IsFinite(report.Loss))
        {
            (_loss, _losses) = (_loss + report.Loss, _losses + 1);
        }

        if (report.Model is not { } model)
        {
            return false;
        }

        // Where each peer has a model, a round of the island is as many trainings as it has peers.
        bool shared = _protocol.IsShared;
        long completed = shared
            ? report.Round - _protocol.FirstRound
            : _before + ((Total().Trainings - _recordedTrainings) / _plan.Samples.Count);
        if (shared && (completed <= Recorded || _rounds.Exists(r => r.Rounds == completed && r.Model == model)))
        {
            return false;
        }

        if (completed > Round)
        {
            (_longestWait, _roundAt, Round) = (LongestWait(), _clock.GetTimestamp(), completed);
        }

        _rounds.Add(new CompletedRound(shared ? -1 : report.Number, completed, model, _losses > 0 ? _loss / _losses : double.NaN));
        (_loss, _losses) = (0, 0);
        return true;
    }

    /// <summary>Whether a round needs no recording any more.</summary>
    public bool IsRecorded(CompletedRound round) => _protocol.IsShared && round.Rounds <= Recorded;

    /// <summary>Of several models of one round for all the first; where each peer has a model, every one.</summary>
    public IEnumerable<IslandRound> OncePerRound(IEnumerable<IslandRound> models) => _protocol.IsShared ? models.DistinctBy(m => m.Rounds) : models;

    /// <summary>Takes note of a round that was recorded.</summary>
    public void Record(long rounds) => Recorded = Math.Max(Recorded, rounds);

    /// <summary>Takes note of a peer whose host is down or that did not answer.</summary>
    public void Lose(int peer) => _lost.Add(peer);

    /// <summary>The rounds that wait to be recorded.</summary>
    public CompletedRound[] TakeRounds()
    {
        CompletedRound[] rounds = [.. _rounds];
        _rounds.Clear();
        return rounds;
    }

    /// <summary>What is known of the island.</summary>
    public IslandStatus Status() => new()
    {
        Protocol = _spec.Islands.Protocol,
        Peers = Roster.Length,
        Unreachable = _plan.Unreachable.Count + _lost.Count,
        Returns = _returns,
        Round = Math.Min(Round, _plan.Training.Rounds),
        Rounds = _plan.Training.Rounds,
        Counts = Total(),
        LeastKnown = _acquainted.Where(k => !_lost.Contains(k.Key)).Select(k => k.Value).DefaultIfEmpty(0).Min(),
        Graph = _island.Graph,
        LongestWait = LongestWait(),
    };

    private double LongestWait() => _roundAt is { } at && Round < _plan.Training.Rounds
        ? Math.Max(_longestWait, _clock.GetElapsedTime(at).TotalSeconds)
        : _longestWait;

    private PeerCounts Total() => _known.Values.Aggregate(_past, (sum, peer) => sum.Plus(peer.Counts));

    // False for a report of a past term.
    private bool Count(int peer, long term, PeerCounts counts)
    {
        if (_known.TryGetValue(peer, out (long Term, PeerCounts Counts) known))
        {
            if (term < known.Term)
            {
                return false;
            }

            if (term > known.Term)
            {
                _past = _past.Plus(known.Counts);
                _returns++;
            }
        }
        else
        {
            // What a peer did before this activation saw it is in the rounds that the earlier ones have recorded.
            _recordedTrainings += counts.Trainings;
        }

        _known[peer] = (term, counts);
        return true;
    }
}

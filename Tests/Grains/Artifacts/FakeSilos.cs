using System.Net;

using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

using Orleans.Runtime;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Grains.Telemetry;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Silos without a runtime: each has a folder and a host, and calls go by method call.</summary>
internal sealed class FakeSilos : IArtifactHostClient, IDisposable
{
    private readonly RunFolder _folder = new();

    public FakeSilos(int count, ArtifactOptions? options = null)
    {
        Options = options ?? new ArtifactOptions();
        Silos = [.. Enumerable.Range(0, count).Select(i => new FakeSilo(this, i, _folder.File("silo-" + i)))];
    }

    public ArtifactOptions Options { get; }

    public FakeSilo[] Silos { get; }

    public FakeSilo this[int index] => Silos[index];

    public IArtifactHost On(SiloAddress silo) => Silos.Single(s => s.Self.Equals(silo));

    /// <summary>The silos in the order in which silo 0 asks them for an artifact.</summary>
    public FakeSilo[] InOrder(ArtifactReference reference) =>
        [.. ArtifactExchange.InOrder(reference.Sha256, Silos.Skip(1).Select(s => s.Self)).Select(a => Silos.Single(s => s.Self.Equals(a)))];

    public void Dispose()
    {
        foreach (FakeSilo silo in Silos)
        {
            silo.Dispose();
        }

        _folder.Dispose();
    }
}

/// <summary>One of them.</summary>
internal sealed class FakeSilo : IArtifactHost, ILiveSilos, IDisposable
{
    private readonly FakeSilos _all;
    private readonly ArtifactDisk _disk = new(new WorkWatch(TimeProvider.System));
    private int _looks;

    public FakeSilo(FakeSilos all, int index, string folder)
    {
        _all = all;
        Folder = folder;
        Self = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1000 + index), 1);
        Directory.CreateDirectory(folder);
        Store = new FolderArtifactStore(folder, NullLogger<FolderArtifactStore>.Instance, Files, Clock);
        IOptions<ArtifactOptions> options = Options.Create(all.Options);
        Rates = new TransferRates(Clock);
        Exchange = new ArtifactExchange(Store, _disk, all, this, options, Clock, NullLogger<ArtifactExchange>.Instance, Rates);
        Replication = new ArtifactReplication(Exchange, this, options, NullLogger<ArtifactReplication>.Instance);
        Replicas = new ReplicaWatch(Store, _disk, Exchange, Replication, this, options, new NoServices(), NullLogger<ReplicaWatch>.Instance);
        Collector = new ArtifactCollector(Store, _disk, options, Clock, NullLogger<ArtifactCollector>.Instance);
    }

    public string Folder { get; }

    public FailingFiles Files { get; } = new();

    public ManualClock Clock { get; } = new();

    /// <summary>How long it has waited in all, by its clock.</summary>
    public TimeSpan Waited => Clock.GetUtcNow() - DateTimeOffset.UnixEpoch;

    public FolderArtifactStore Store { get; }

    public ArtifactExchange Exchange { get; }

    public ArtifactReplication Replication { get; }

    public TransferRates Rates { get; }

    public ReplicaWatch Replicas { get; }

    public ArtifactCollector Collector { get; }

    public SiloAddress Self { get; }

    public bool IsDead { get; set; }

    /// <summary>Whether it ends in good order: it still answers.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether it answers nothing, though it is not known to be dead.</summary>
    public bool IsHung { get; set; }

    /// <summary>Changes what it answers to a request for a piece, or throws.</summary>
    public Func<long, byte[], byte[]> Piece { get; set; } = (_, bytes) => bytes;

    /// <summary>Called before it takes an artifact; may throw.</summary>
    public Action BeforePull { get; set; } = () => { };

    /// <summary>Whether it says of every file that it is good.</summary>
    public bool AlwaysGood { get; set; }

    /// <summary>Offsets that were asked for.</summary>
    public List<long> Asked { get; } = [];

    /// <summary>How often it was asked what it holds.</summary>
    public int Looks => _looks;

    /// <summary>Most requests for pieces at a time.</summary>
    public int MostInFlight { get; private set; }

    public int Flying;

    public IReadOnlyList<SiloAddress> Others => [.. _all.Silos.Where(s => !s.IsDead && !s.IsLeaving && s != this).Select(s => s.Self)];

    public IReadOnlyList<SiloAddress> Leaving => [.. _all.Silos.Where(s => s.IsLeaving && !s.IsDead && s != this).Select(s => s.Self)];

    public Task<bool> AreAllActiveAsync(CancellationToken cancellation) => Task.FromResult(_all.Silos.All(s => !s.IsDead && !s.IsLeaving));

    public string PathOf(ArtifactReference reference) => Path.Combine(Folder, "artifacts", reference.Sha256[..2], reference.Sha256);

    /// <summary>Two bytes of the file are others from now on.</summary>
    public void Spoil(ArtifactReference reference)
    {
        using FileStream file = File.OpenWrite(PathOf(reference));
        file.Seek(reference.Bytes / 2, SeekOrigin.Begin);
        file.WriteByte(0x5a);
        file.WriteByte(0xa5);
    }

    public async Task<bool[]> HasAsync(string[] names, CancellationToken cancellation = default)
    {
        Interlocked.Increment(ref _looks);
        await AnswerAsync();
        return Array.ConvertAll(names, Store.Contains);
    }

    public async Task<byte[]> ReadAsync(string name, long offset, int count, CancellationToken cancellation = default)
    {
        ArtifactRequests.Piece(name, offset, count);
        lock (Asked)
        {
            Asked.Add(offset);
            MostInFlight = Math.Max(MostInFlight, ++Flying);
        }

        try
        {
            await AnswerAsync();
            return Piece(offset, Store.ReadChunk(name, offset, count));
        }
        finally
        {
            lock (Asked)
            {
                Flying--;
            }
        }
    }

    public async Task<bool> VerifyAsync(string name, CancellationToken cancellation = default)
    {
        await AnswerAsync();
        return AlwaysGood || Store.Verify(name);
    }

    public async Task PullAsync(ArtifactReference reference, CancellationToken cancellation = default)
    {
        await AnswerAsync();
        BeforePull();
        await Exchange.FetchAsync(reference, cancellation: cancellation);
    }

    public async Task DropAsync(string[] names, CancellationToken cancellation = default)
    {
        await AnswerAsync();
        Array.ForEach(names, Store.Delete);
    }

    public Task ForgetRunAsync(string run, CancellationToken cancellation = default) => AnswerAsync();

    public Task<ArtifactHostStatus> GetStatusAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public void Dispose()
    {
        Exchange.Dispose();
        _disk.Dispose();
    }

    private async Task AnswerAsync()
    {
        await Task.Yield();
        if (IsDead || IsHung)
        {
            throw new SiloUnavailableException("It is dead.");
        }
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}

/// <summary>A clock that stands still until it is moved; waiting costs no time.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(GetTimestamp());

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            Advance(dueTime);
        }

        return base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
    }
}

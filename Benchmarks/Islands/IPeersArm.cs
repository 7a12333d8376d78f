using Orleans;

namespace OrleansDDM.Benchmarks.Islands;

/// <summary>Silos for <see cref="PeersBenchmark.Peers"/> peers, ready for runs.</summary>
internal interface IPeersArm : IAsyncDisposable
{
    /// <summary>Name in the figures.</summary>
    string Name { get; }

    /// <summary>What it is, in words.</summary>
    string Words { get; }

    /// <summary>The silos' grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>Number of silos.</summary>
    int Silos { get; }

    /// <summary>What each silo's process has taken until now, and behind them that of others that they need.</summary>
    IReadOnlyList<PeersUse> Use();

    /// <summary>Where the silos keep their artifacts.</summary>
    string Folder { get; }
}

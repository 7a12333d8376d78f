namespace OrleansDDM.Grains.Telemetry;

/// <summary>What the silo knows of the copies of artifacts. Whoever replicates them registers one; without it nothing is told.</summary>
public interface IReplication
{
    /// <summary>Artifacts that have fewer copies than they should; null = not known.</summary>
    int? UnderReplicated { get; }

    /// <summary>The silos that hold each of some artifacts, by the artifact's SHA-256; what is not known is left out.</summary>
    ValueTask<IReadOnlyDictionary<string, string[]>> HoldersAsync(IReadOnlyCollection<string> sha256, CancellationToken cancellation);
}

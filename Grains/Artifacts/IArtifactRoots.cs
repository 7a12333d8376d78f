namespace OrleansDDM.Grains.Artifacts;

/// <summary>Says which artifacts are referred to, so that the others can be collected.</summary>
public interface IArtifactRoots
{
    /// <summary>The names of all artifacts that any stored state refers to. Naming one too many is harmless, one too few is not.</summary>
    /// <returns>The names; null = it cannot be known now, and nothing may be collected.</returns>
    Task<IReadOnlySet<string>?> ReadAsync(CancellationToken cancellation);
}

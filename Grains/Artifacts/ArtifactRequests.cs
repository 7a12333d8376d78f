using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.Artifacts;

/// <summary>The rules for requests about artifacts that come over the network.</summary>
internal static class ArtifactRequests
{
    /// <summary>Checks one name.</summary>
    /// <exception cref="BadRequestException">It is none.</exception>
    public static void Name(string? name) => Require(ArtifactNames.IsName(name), "an artifact's name is 64 lower-case hex digits");

    /// <summary>Checks names.</summary>
    /// <exception cref="BadRequestException">There are too many, or one is none.</exception>
    public static void Names(string[]? names)
    {
        Require(names is { Length: <= IArtifactHost.MaxNames }, $"one request names at most {IArtifactHost.MaxNames} artifacts");
        foreach (string name in names!)
        {
            Name(name);
        }
    }

    /// <summary>Checks the request for a piece.</summary>
    /// <exception cref="BadRequestException">It breaks a rule.</exception>
    public static void Piece(string? name, long offset, int count)
    {
        Name(name);
        Require(offset >= 0, "the offset of a piece is not negative");
        Require(count is >= 1 and <= IArtifactHost.MaxChunk, $"a piece has 1 to {IArtifactHost.MaxChunk} bytes");
    }

    /// <summary>Checks a reference.</summary>
    /// <exception cref="BadRequestException">It breaks a rule.</exception>
    public static void Reference(ArtifactReference? reference, long most)
    {
        Name(reference?.Sha256);
        Require(reference!.Bytes >= 0 && reference.Bytes <= most, $"an artifact has 0 to {most} bytes");
    }

    /// <summary>Checks a run's name.</summary>
    /// <exception cref="BadRequestException">It is none.</exception>
    public static void Run(string? run) => Require(CheckpointIndex.IsPlain(run), "a run's name is letters, digits, '-', '_' and '.', not starting with '.'");

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new BadRequestException($"The request for artifacts is refused: {rule}.");
        }
    }
}

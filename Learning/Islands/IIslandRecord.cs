using OrleansDDM.Learning.Training;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// What an expert's grain records of its island: the moving average of the round models, validation, history. It only looks on; peers never
/// need it. As a session, its steps are those that one place would have done on as many samples, and <see cref="ITrainingSession.Train"/> takes in
/// what was offered since.
/// </summary>
public interface IIslandRecord : ITrainingSession
{
    /// <summary>Rounds recorded.</summary>
    long Rounds { get; }

    /// <summary>
    /// Offers a model. Where peers have models of their own, the mean of the newest one of each peer counts, unless that is older than a tenth of all rounds (at
    /// least 3, at most 10). So long after a resume, the mean before stands in for each peer of which nothing was heard since.
    /// </summary>
    void Offer(IslandRound round);
}

/// <summary>A model that an island came to.</summary>
/// <param name="Peer">Whose it is; -1 = the island's.</param>
/// <param name="Rounds">Rounds that the island has completed with it.</param>
/// <param name="Model">The model.</param>
/// <param name="Loss">Mean training loss on the way there; NaN = not known.</param>
public sealed record IslandRound(int Peer, long Rounds, byte[] Model, double Loss);

using OrleansDDM.Experiments.Reports;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims;

/// <summary>Trains whole ensembles for experiments, wherever that happens.</summary>
public interface IEnsembleTrainer
{
    /// <summary>Trains an ensemble, or goes on with it where it was interrupted.</summary>
    /// <param name="spec">The run; its name is that of the arm and the seed.</param>
    /// <param name="cancellation">Interrupts it; the next call goes on.</param>
    Task<TrainedEnsemble> TrainAsync(RunSpec spec, CancellationToken cancellation);
}

/// <summary>An ensemble that was trained.</summary>
/// <param name="Data">Its images and clusters.</param>
/// <param name="Model">The model.</param>
/// <param name="Curves">What was measured in training.</param>
/// <param name="Islands">The islands that trained it; empty without islands.</param>
/// <param name="PlannedRounds">Rounds that each of these was to complete.</param>
public sealed record TrainedEnsemble(
    TrainingData Data, ModelContents Model, IReadOnlyList<Curve> Curves, IReadOnlyList<IslandFacts> Islands, IReadOnlyList<long> PlannedRounds);

using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Islands;
using OrleansDDM.Learning.Models;
using OrleansDDM.Specs;

using TorchSharp;

namespace OrleansDDM.Learning.Training;

/// <content>Islands.</content>
public sealed partial class LearningRuntime : IIslandLearning
{
    /// <inheritdoc/>
    public IslandData Images(RunSpec spec)
    {
        TrainingData data = PreparedOf(spec).Data;
        ImageDataset train = data.Splits.Train;
        Adoption? adopted = AdoptionOf(spec);
        return new IslandData(
            train.HasLabels ? train.Labels.ToArray() : data.TrainClusters, data.TrainClusters, train.Ids.ToArray(), adopted?.Plan, adopted?.Host ?? string.Empty);
    }

    /// <inheritdoc/>
    public IPeerTrainer OpenPeers(RunSpec spec, ModelRole role, IslandTraining plan)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(plan);
        TrainingData data = PreparedOf(spec).Data;
        return new PeerTrainer(
            spec.Training,
            plan,
            peer => TaskOf(spec, data, role, plan.Rows[peer], plan.Batch, $"{StreamOf(role)}/peer-{peer}"),
            NetworkOf(spec, role, data.Shape),
            data.Shape,
            $"{SpecJson.Hash(spec)}/{role}",
            vector => Initializer.Fill(vector, spec.Seed, $"{role}/weights"));
    }

    /// <inheritdoc/>
    public IIslandRecord OpenRecord(RunSpec spec, ModelRole role, IslandTraining plan, byte[]? checkpoint, string specHash)
    {
        ArgumentNullException.ThrowIfNull(spec);
        TrainingData data = PreparedOf(spec).Data;
        return new IslandRecord(
            spec.Training,
            plan,
            TaskOf(spec, data, role, RowsOf(data, role), role.IsRouter ? spec.Router.Batch : DenoisingTask.BatchOf(spec), StreamOf(role)),
            NetworkOf(spec, role, data.Shape),
            data.Shape,
            $"{specHash}/{role}/island",
            vector => Initializer.Fill(vector, spec.Seed, $"{role}/weights"),
            checkpoint);
    }

    /// <inheritdoc/>
    public ITrainingSession OpenAlone(RunSpec spec, ModelRole role, int[] rows, byte[]? checkpoint, string specHash)
    {
        ArgumentNullException.ThrowIfNull(spec);
        TrainingData data = PreparedOf(spec).Data;
        int batch = role.IsRouter ? spec.Router.Batch : DenoisingTask.BatchOf(spec);
        return new Trainer(
            spec.Training,
            TaskOf(spec, data, role, rows, batch, StreamOf(role)),
            NetworkOf(spec, role, data.Shape),
            data.Shape,
            $"{specHash}/{role}",
            vector => Initializer.Fill(vector, spec.Seed, $"{role}/weights"),
            checkpoint);
    }

    // A record draws none of them; of a host that has no image of the cluster, any will do.
    private static int[] RowsOf(TrainingData data, ModelRole role)
    {
        int[] rows = role.IsRouter ? [] : data.TrainRows(role.Index);
        return rows.Length > 0 ? rows : [.. Enumerable.Range(0, data.TrainClusters.Count)];
    }

    private static string StreamOf(ModelRole role) => role.IsRouter ? RouterTask.Stream : DenoisingTask.StreamOf(role.Index);

    private static ITrainingTask TaskOf(RunSpec spec, TrainingData data, ModelRole role, int[] rows, int batch, string stream) => role.IsRouter
        ? new RouterTask(spec, data, rows, batch, stream)
        : new DenoisingTask(spec, data, role.Index, rows, batch, stream);

    private Network NetworkOf(RunSpec spec, ModelRole role, ModelShape shape) => (role.IsRouter
        ? Networks.Router(spec.Router.Model, shape, spec.Experts.Count)
        : Networks.Denoiser(spec.Model, shape)).to(Device);
}

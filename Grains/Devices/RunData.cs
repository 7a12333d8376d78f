using OrleansDDM.Contracts.Runs;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Devices;

/// <summary>The data of a run on this silo.</summary>
internal static class RunData
{
    /// <summary>Loads and clusters it. It blocks: call it on a slot's thread.</summary>
    /// <param name="runtime">Learning of this silo.</param>
    /// <param name="spec">The run.</param>
    /// <param name="known">Fingerprint of what the run began with; empty = it begins now.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="DatasetException">It is missing, damaged, or not what the run began with.</exception>
    public static DataSummary Prepare(ILearningRuntime runtime, RunSpec spec, string known, CancellationToken cancellation)
    {
        PreparedData data = runtime.Prepare(spec, cancellation);
        return known.Length == 0 || known == data.Fingerprint
            ? new DataSummary(
                data.Channels, data.Height, data.Width, data.Classes, data.TrainCount, [.. data.Priors], data.ClusterReport, data.Fingerprint)
            : throw new DatasetException(spec.Data.Name, "is not what the run began with: its images or their clusters have changed; bring the old data back, or train anew with --force");
    }
}

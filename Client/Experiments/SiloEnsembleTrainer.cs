using System.Text;

using OrleansDDM.Client.Progress;
using OrleansDDM.Client.Runs;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Experiments.Claims;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Experiments;

/// <summary>Trains ensembles of experiments, each as a run with a folder and an embedded silo of its own. What was interrupted goes on.</summary>
/// <param name="folder">Where the runs' folders are.</param>
/// <param name="dataRoots">Folders to look for data in.</param>
/// <param name="slots">Models in training at a time; 0 = one for each processor.</param>
internal sealed class SiloEnsembleTrainer(string folder, IReadOnlyList<string> dataRoots, int slots) : IEnsembleTrainer
{
    /// <inheritdoc/>
    public async Task<TrainedEnsemble> TrainAsync(RunSpec spec, CancellationToken cancellation)
    {
        var run = new RunFolder(Path.Combine(folder, spec.Name));
        if (run.Exists && !IsOf(run, spec))
        {
            RunFolderReset.Clear(run);
        }

        Directory.CreateDirectory(run.Path);
        AtomicFile.Write(run.Spec, Encoding.UTF8.GetBytes(SpecJson.Write(spec)));
        await using RunSession session = await RunSession.StartAsync(run, spec, dataRoots, slots == 0 ? null : slots, web: false, cancellation);
        RunStatus status = await session.TrainAsync(new NoProgress(), cancellation);
        return new TrainedEnsemble(
            session.Learning.Data(spec),
            session.Export(status),
            RunReport.CurvesOf(run),
            [.. status.Models.Where(m => m.Island is not null).Select(m => RunReport.FactsOf(m.Role, m.Island!))],
            [.. status.Models.Where(m => m.Island is not null).Select(m => m.Island!.Rounds)]);
    }

    private static bool IsOf(RunFolder run, RunSpec spec)
    {
        try
        {
            return SpecJson.Hash(run.ReadSpec()) == SpecJson.Hash(spec);
        }
        catch (SpecException)
        {
            return false; // of another version; the arm is trained anew
        }
    }
}

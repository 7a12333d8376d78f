using System.Collections.Concurrent;
using System.Globalization;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Learning.Imaging;
using OrleansDDM.Specs;

namespace OrleansDDM.Silos.Web;

/// <summary>
/// Pictures of samples: what the page has drawn of a run, else what an evaluation has left in the run's folder. At most one is drawn at a time, and as
/// many are kept as <see cref="Capacity"/>.
/// </summary>
/// <param name="grains">Where runs are.</param>
/// <param name="folder">The folder of the one run that an embedded silo drives; null = none.</param>
internal sealed class SampleGrids(IGrainFactory grains, string? folder) : IDisposable
{
    private const int Capacity = 16;
    private const int Count = 32;
    private const int Columns = 8;
    private const int Side = 56;

    private readonly ConcurrentDictionary<string, SampleGrid> _drawn = new();
    private readonly SemaphoreSlim _drawing = new(1);

    /// <summary>The newest picture of a run; null = there is none.</summary>
    public SampleGrid? Find(RunStatus run) => _drawn.TryGetValue(run.Name, out SampleGrid? grid) && grid.Models == ModelsOf(run) ? grid : OfFolder(run);

    /// <summary>Draws samples of a run that is ready.</summary>
    /// <returns>The picture; null = one is being drawn already.</returns>
    /// <exception cref="RunNotReadyException">It is not ready.</exception>
    /// <exception cref="ArgumentException">Its images cannot be shown.</exception>
    public async Task<SampleGrid?> DrawAsync(RunStatus run, CancellationToken cancellation)
    {
        if (run.Phase != RunPhase.Ready || run.Data is not { } data)
        {
            throw new RunNotReadyException(run.Name, run.Phase);
        }

        if (!await _drawing.WaitAsync(0, cancellation))
        {
            return null;
        }

        try
        {
            string id = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
            var request = new SampleRequest { Run = run.Name, Count = Count, Seed = 1 };
            SampleResult? result = null;
            await foreach (SampleProgress step in grains.GetGrain<ISamplerGrain>(GrainKeys.Sample(id)).SampleAsync(request, CancellationToken.None).WithCancellation(cancellation))
            {
                result = step.Result ?? result;
            }

            if (result is null)
            {
                throw new ArtifactException("The sampler ended without samples.");
            }

            int scale = Math.Max(1, Side / Math.Max(data.Height, data.Width));
            var grid = new SampleGrid(ModelsOf(run), id, ImageGrid.Encode(result.Values, data.Channels, data.Height, data.Width, Columns, scale));
            if (_drawn.Count >= Capacity)
            {
                _drawn.Clear();
            }

            _drawn[run.Name] = grid;
            return grid;
        }
        finally
        {
            _drawing.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _drawing.Dispose();

    private static string ModelsOf(RunStatus run) => string.Join(' ', run.Models.Select(m => m.Weights?.Sha256));

    // The evaluation writes it after training; an older one belongs to an older spec.
    private SampleGrid? OfFolder(RunStatus run)
    {
        if (folder is null || run.Phase != RunPhase.Ready)
        {
            return null;
        }

        var picture = new FileInfo(Path.Combine(folder, "samples.png"));
        try
        {
            return picture.Exists && SpecJson.Hash(SpecJson.Read(File.ReadAllText(Path.Combine(folder, "run.json")))) == run.SpecHash
                ? new SampleGrid(ModelsOf(run), picture.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture), File.ReadAllBytes(picture.FullName))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SpecException)
        {
            return null;
        }
    }
}

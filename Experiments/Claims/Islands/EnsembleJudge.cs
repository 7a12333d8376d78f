using OrleansDDM.Experiments.Compare;
using OrleansDDM.Experiments.Evaluation;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Metrics;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Experiments.Claims.Islands;

/// <summary>Judges ensembles by the same network, on the same noise. Tensor work runs on a thread of its own.</summary>
/// <param name="settings">What is measured.</param>
/// <param name="judge">The network.</param>
internal sealed class EnsembleJudge(IslandsSettings settings, CompareJudge judge)
{
    private const int Strata = 8;

    /// <summary>What is measured.</summary>
    public static CompareMetric Metric(IslandsSettings settings) => new()
    {
        Samples = settings.Samples,
        ValidationSamples = settings.Samples,
        LossImages = settings.LossImages,
        LossStrata = Strata,
        JudgeSteps = settings.JudgeSteps,
    };

    /// <summary>Fréchet distance of samples to test images.</summary>
    public async Task<double> DistanceAsync(TrainedEnsemble ensemble, ulong seed, CancellationToken cancellation)
    {
        CompareMetric metric = Metric(settings);
        Gaussian test = await JudgeThread.RunAsync(() => judge.Reference(ensemble.Data.Splits.Test, cancellation));
        SampledImages samples = await new LocalSampleSource(ensemble.Model).SampleAsync(
            new SampleOrder(settings.Rule, settings.Samples, metric.TestNoise(seed)), null, cancellation);
        return await JudgeThread.RunAsync(() => judge.Distance(samples.Values, test, cancellation));
    }

    /// <summary>Held-out loss under full mixing, on test images.</summary>
    public Task<double> LossAsync(TrainedEnsemble ensemble, CancellationToken cancellation) => JudgeThread.RunAsync(
        () =>
        {
            ModelContents model = ensemble.Model;
            using var local = new LocalEnsemble(model);
            ImageDataset images = ensemble.Data.Splits.Test;
            return HeldOutLoss.Errors(
                local.Denoiser("full"),
                NoiseSchedules.Parse(model.Spec.Diffusion.Path),
                images,
                images.RowsByRank(settings.LossImages, EvaluationRunner.Seed),
                Strata,
                EvaluationRunner.Seed,
                cancellation: cancellation).Average();
        },
        cancellation);
}

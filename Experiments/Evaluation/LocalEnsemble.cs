using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Sampling;
using OrleansDDM.Learning.Serialization;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Evaluation;

/// <summary>A trained ensemble opened in this process. It is used on one thread at a time.</summary>
public sealed class LocalEnsemble : IDisposable
{
    private readonly IPredictor[] _predictors;
    private readonly IPredictor? _router;

    /// <summary>Opens the networks of a model folder.</summary>
    /// <exception cref="InvalidDataException">Weights do not fit the spec.</exception>
    public LocalEnsemble(ModelContents model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        RunSpec spec = model.Spec;
        _predictors = [.. model.Experts.Select((weights, k) => Predictors.Open(spec, ModelRole.Expert(k), weights))];
        _router = model.Router is null ? null : Predictors.Open(spec, ModelRole.Router, model.Router);
        var contract = new ExpertContract(
            NoiseSchedules.Parse(spec.Diffusion.Path), Parameterizations.Parse(spec.Diffusion.Parameterization));
        Experts = [.. _predictors.Select(p => new LocalExpert(p, contract))];
        Router = _router is null ? null : new LocalRouter(_router, _predictors.Length);
    }

    /// <summary>The model.</summary>
    public ModelContents Model { get; }

    /// <summary>The experts in order.</summary>
    public IReadOnlyList<IExpert<float>> Experts { get; }

    /// <summary>The router; null where there is one expert.</summary>
    public IRouter<float>? Router { get; }

    /// <summary>The ensemble under a mixing rule.</summary>
    public EnsembleDenoiser<float> Denoiser(string rule, EnsembleOptions? options = null) =>
        new(Router, Experts, MixingRules.Parse(rule, Model.Priors), options);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IPredictor predictor in _predictors)
        {
            predictor.Dispose();
        }

        _router?.Dispose();
    }

    private sealed class LocalExpert(IPredictor predictor, ExpertContract contract) : IExpert<float>
    {
        public ExpertContract Contract => contract;

        public ValueTask<State<float>> PredictAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default)
        {
            StateArray<float> array = x["x"];
            return ValueTask.FromResult(State<float>.Of(array.Shape, predictor.Predict(array.Values, x.Batch, level, condition.Classes)));
        }
    }

    private sealed class LocalRouter(IPredictor predictor, int count) : IRouter<float>
    {
        public int Count => count;

        public ValueTask<double[]> WeightsAsync(State<float> x, Level level, Condition condition, CancellationToken cancellation = default) =>
            ValueTask.FromResult(Array.ConvertAll(predictor.Predict(x["x"].Values, x.Batch, level, null), p => (double)p));
    }
}

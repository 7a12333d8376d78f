using OrleansDDM.Learning.Models;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Benchmarks.Steps;

/// <summary>The same modules as anyone would train them with TorchSharp: separate parameters, autograd and <c>torch.optim.AdamW</c>.</summary>
public sealed class TorchSharpArm : IStepArm
{
    private readonly StepModel _model;
    private readonly Network _network;
    private readonly optim.Optimizer _optimizer;

    /// <summary>Loads the initial weights.</summary>
    public TorchSharpArm(StepModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _network = model.Build();
        using (no_grad())
        using (NewDisposeScope())
        {
            var parameters = _network.named_parameters().ToDictionary(p => p.name, p => p.parameter);
            foreach (Segment segment in model.Segments)
            {
                parameters[segment.Name].copy_(tensor(model.Weights.AsSpan((int)segment.Offset, (int)segment.Length).ToArray(), segment.Shape));
            }
        }

        _optimizer = optim.AdamW(_network.parameters(), lr: 1e-3, weight_decay: 0);
    }

    /// <inheritdoc/>
    public string Name => "torchsharp";

    /// <inheritdoc/>
    public StepTiming Run(int threads, int steps)
    {
        set_num_threads(threads);
        return StepTiming.Of(steps, Step);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _network.Dispose();
    }

    private double Step()
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [StepModel.Batch, StepModel.Shape.Channels, StepModel.Shape.Height, StepModel.Shape.Width];
        _optimizer.zero_grad();
        Tensor loss = nn.functional.mse_loss(_network.forward(tensor(_model.Input, shape), tensor(_model.Time), null), tensor(_model.Target, shape));
        loss.backward();
        _optimizer.step();
        return loss.item<float>();
    }
}

using OrleansDDM.Learning.Models;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Classification;

/// <summary>Logits of many models of one kind at once.</summary>
internal static class StackedForward
{
    /// <summary>Logits. // (P, N), (P, B, D) → (P, B, classes)</summary>
    /// <param name="kind">The models' shape.</param>
    /// <param name="models">One model a row.</param>
    /// <param name="inputs">A batch for each model.</param>
    /// <exception cref="NotSupportedException">The kind is unknown.</exception>
    public static Tensor Of(ClassifierKind kind, Tensor models, Tensor inputs)
    {
        // One split, so that the backward pass is one concatenation.
        Tensor[] parameters = [.. models.split([.. kind.Segments.Select(s => s.Length)], 1)
            .Zip(kind.Segments, (part, s) => part.reshape([models.shape[0], .. s.Shape]))];
        return kind switch
        {
            PerceptronKind perceptron => Perceptron(perceptron, parameters, inputs),
            GroupNormLeNetKind lenet => LeNet(lenet, parameters, inputs),
            _ => throw new NotSupportedException($"There is no stacked form of {kind.Name}."),
        };
    }

    private static Tensor Perceptron(PerceptronKind kind, Tensor[] parameters, Tensor inputs)
    {
        Tensor h = inputs;                                                                             // (P, B, in)
        for (int l = 0; l < kind.Layers; l++)
        {
            h = Linear(h, parameters[2 * l], parameters[(2 * l) + 1]);                                 // (P, B, out)
            h = l + 1 < kind.Layers ? nn.functional.relu(h) : h;
        }

        return h;
    }

    private static Tensor LeNet(GroupNormLeNetKind kind, Tensor[] parameters, Tensor inputs)
    {
        long peers = inputs.shape[0], batch = inputs.shape[1];
        Tensor h = inputs.reshape(peers, batch, kind.Channels, kind.Height, kind.Width).transpose(0, 1)
            .reshape(batch, peers * kind.Channels, kind.Height, kind.Width);                           // (B, P C, H, W)
        for (int l = 0; l < GroupNormLeNetKind.Maps.Count; l++)
        {
            Tensor[] p = parameters[(4 * l)..((4 * l) + 4)];
            h = nn.functional.conv2d(
                h, p[0].flatten(0, 1), p[1].flatten(), strides: [1, 1], padding: [2, 2], groups: peers); // (B, P maps, H, W)
            h = nn.functional.group_norm(h, peers * GroupNormLeNetKind.Groups, p[2].flatten(), p[3].flatten(), 1e-5);
            h = nn.functional.max_pool2d(nn.functional.relu(h), [3L, 3L], [2L, 2L]);
        }

        h = h.reshape(batch, peers, -1).transpose(0, 1);                                               // (P, B, features)
        return Linear(h, parameters[^2], parameters[^1]);
    }

    private static Tensor Linear(Tensor x, Tensor weight, Tensor bias) => x.matmul(weight).add(bias.unsqueeze(1), Scalars.One);
}

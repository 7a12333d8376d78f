using System.Numerics.Tensors;

using OrleansDDM.Learning.Islands;
using OrleansDDM.Protocols.Compression;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Peers;

/// <summary>A compressed model.</summary>
/// <param name="Bytes">What travels.</param>
/// <param name="Base">The model to which it is a difference; none = it stands for itself.</param>
internal sealed record PackedUpdate(byte[] Bytes, ModelHandle Base)
{
    /// <summary>SHA-256 of the bytes.</summary>
    public string Name { get; } = ModelHandle.OfContent(Bytes).ToString();
}

/// <summary>A trained model after compression.</summary>
/// <param name="Model">What comes through: the peer itself goes on with it too.</param>
/// <param name="Update">What travels.</param>
/// <param name="Residual">What was left out; empty where nothing is carried on.</param>
internal sealed record PackedTraining(byte[] Model, PackedUpdate Update, float[] Residual);

/// <summary>Compression of trained models on their way to other peers, on a slot.</summary>
internal static class UpdatePacking
{
    /// <summary>How the models of a run travel.</summary>
    public static CompressionOptions Options(IslandsSpec islands) => new()
    {
        Kind = islands.Compression,
        Block = islands.CompressionBlock,
        Keep = islands.CompressionKeep,
    };

    /// <summary>Compresses what a training gave.</summary>
    /// <param name="trainer">Knows the form of the models.</param>
    /// <param name="options">How; not "none".</param>
    /// <param name="start">The model that training began with.</param>
    /// <param name="trained">What it gave.</param>
    /// <param name="residual">What earlier updates of the peer left out; empty = nothing yet.</param>
    /// <exception cref="InvalidDataException">The model, or the update with what was left out, is not finite.</exception>
    public static PackedTraining Pack(IPeerTrainer trainer, CompressionOptions options, byte[] start, byte[] trained, float[] residual)
    {
        float[] update = trainer.Read(trained);
        if (!options.IsDifference)
        {
            byte[] bytes = UpdateCodec.Encode(update, options);
            return new PackedTraining(trainer.Write(UpdateCodec.Decode(bytes, update.Length)), new PackedUpdate(bytes, ModelHandle.None), []);
        }

        float[] from = trainer.Read(start);
        for (int i = 0; i < update.Length; i++)
        {
            update[i] -= from[i];
        }

        Compressed compressed;
        try
        {
            compressed = ErrorFeedback.Compress(update, residual, options);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException(e.Message, e);
        }

        return new PackedTraining(
            trainer.Write(Sum(from, compressed.Decoded)), new PackedUpdate(compressed.Bytes, ModelHandle.OfContent(start)), compressed.Residual);
    }

    /// <summary>The model that was compressed.</summary>
    /// <param name="trainer">Knows the form of the models.</param>
    /// <param name="update">What travelled.</param>
    /// <param name="start">The model to which it is a difference; null = to none.</param>
    /// <param name="model">What it must be.</param>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static byte[] Unpack(IPeerTrainer trainer, byte[] update, byte[]? start, ModelHandle model)
    {
        float[]? from = start is null ? null : trainer.Read(start);
        float[] values = UpdateCodec.Decode(update, (int)trainer.Segments.Sum(s => s.Length));
        byte[] bytes = trainer.Write(from is null ? values : Sum(from, values));
        return ModelHandle.OfContent(bytes) == model ? bytes : throw new InvalidDataException($"The compressed form of model {model} gives another model.");
    }

    private static float[] Sum(float[] from, float[] update)
    {
        for (int i = 0; i < from.Length; i++)
        {
            from[i] += update[i];
        }

        return TensorPrimitives.IsFiniteAll<float>(from) ? from : throw new InvalidDataException("A model with its update is not finite.");
    }
}

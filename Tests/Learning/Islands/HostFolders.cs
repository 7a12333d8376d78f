using System.Buffers.Binary;

using OrleansDDM.Learning.Data;

namespace OrleansDDM.Tests.Learning.Islands;

/// <summary>Folders of images as hosts have them: the same path below each host's own data root, with other images.</summary>
internal static class HostFolders
{
    public const string Name = "mine";

    /// <summary>Shapes of a seed as <c>ROOT/mine</c>; returns the root.</summary>
    public static string Write(string root, ulong seed, int count, int size = 8)
    {
        ImageDataset images = ShapesGenerator.Create(seed, "train", count, size, false);
        string folder = Directory.CreateDirectory(Path.Combine(root, Name)).FullName;
        byte[] pixels = new byte[16 + images.Pixels.Length], labels = new byte[8 + count];
        Header(pixels, 2051, (uint)count, (uint)size, (uint)size);
        Header(labels, 2049, (uint)count);
        images.Pixels.CopyTo(pixels.AsMemory(16));
        for (int i = 0; i < count; i++)
        {
            labels[8 + i] = (byte)images.Labels.Span[i];
        }

        File.WriteAllBytes(Path.Combine(folder, "train-images-idx3-ubyte"), pixels);
        File.WriteAllBytes(Path.Combine(folder, "train-labels-idx1-ubyte"), labels);
        return root;
    }

    private static void Header(byte[] file, params ReadOnlySpan<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 * i), words[i]);
        }
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using OrleansDDM.Learning.Clustering;
using OrleansDDM.Learning.Data;
using OrleansDDM.Learning.Training;

namespace OrleansDDM.Learning.Islands;

/// <summary>
/// What all hosts of a run must know of each other where each keeps its images to itself: the clusters, in whose terms everybody assigns the images that it has,
/// and who has how many. No image is in it. Floats survive the way through JSON exactly.
/// </summary>
public sealed record HostPlan
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>C of the images (C, H, W).</summary>
    public required int Channels { get; init; }

    /// <summary>H in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>W in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Whether the images of every host have classes; otherwise nobody's count.</summary>
    public required bool Labelled { get; init; }

    /// <summary>Names of the classes of all hosts together.</summary>
    public required string[] ClassNames { get; init; }

    /// <summary>The clusters, without the assignments of any image.</summary>
    public required ClusteringState Clusters { get; init; }

    /// <summary>What each host has, in the order in which peers are spread over them. Of a plan that is being made, only names are known.</summary>
    public required HostShare[] Shares { get; init; }

    /// <summary>SHA-256 over names and fingerprints of all shares.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', Shares.Select(s => s.Host + '\n' + s.Fingerprint)))));

    /// <summary>Training images of each cluster on all hosts together.</summary>
    public long[] Sizes()
    {
        long[] sizes = new long[Clusters.Clusters];
        foreach (int[] peer in Shares.SelectMany(s => s.Samples))
        {
            for (int k = 0; k < sizes.Length; k++)
            {
                sizes[k] += peer[k];
            }
        }

        return sizes;
    }

    /// <summary>What is known of the data of all hosts together.</summary>
    /// <exception cref="DatasetException">A cluster is empty.</exception>
    public PreparedData Summary()
    {
        long[] sizes = Sizes();
        int empty = Array.IndexOf(sizes, 0);
        if (empty >= 0)
        {
            throw new DatasetException("Clustering", $"leaves cluster {empty} of {sizes.Length} without an image on all {Shares.Length} hosts; use fewer experts or more images");
        }

        long all = sizes.Sum();
        string report = JsonSerializer.Serialize(new
        {
            method = Clusters.Method,
            sizes,
            labels = LabelTable(),
            classes = ClassNames,
            hosts = Shares.Select(s => new { host = s.Host, images = s.Images, fingerprint = s.Fingerprint }),
        });
        return new PreparedData(
            Channels, Height, Width, ClassNames.Length, checked((int)all), Array.ConvertAll(sizes, s => (double)s / all), report, Fingerprint);
    }

    /// <summary>The plan as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads a plan.</summary>
    /// <exception cref="DatasetException">Not such JSON.</exception>
    public static HostPlan FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<HostPlan>(json, Options) ?? throw new DatasetException("The plan of the hosts", "is empty");
        }
        catch (JsonException e)
        {
            throw new DatasetException("The plan of the hosts", "cannot be read: " + e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Number of the host whose name it is; -1 = it has no part.</summary>
    public int IndexOf(string host) => Array.FindIndex(Shares, s => s.Host == host);

    /// <summary>The images in the terms of the plan: its size, its classes.</summary>
    /// <exception cref="DatasetException">Another size, or a class that the plan does not know.</exception>
    internal ImageDataset Conform(ImageDataset images, string host)
    {
        if ((images.Channels, images.Height, images.Width) != (Channels, Height, Width))
        {
            throw new DatasetException(
                images.Name,
                string.Create(CultureInfo.InvariantCulture, $"on {host} has ({images.Channels}, {images.Height}, {images.Width}) images, but those of the run are ({Channels}, {Height}, {Width})"));
        }

        if (!Labelled)
        {
            return images.HasLabels ? images.WithoutLabels() : images;
        }

        if (!images.HasLabels)
        {
            throw new DatasetException(images.Name, $"on {host} has no classes, but that of the run has");
        }

        int[] known = [.. images.ClassNames.Select(name => Array.IndexOf(ClassNames, name))];
        int[] labels = Array.ConvertAll(images.Labels.ToArray(), label => known[label]);
        return labels.Contains(-1)
            ? throw new DatasetException(images.Name, $"on {host} has images of the class '{images.ClassNames[Array.IndexOf(known, -1)]}', which the run does not know")
            : images.WithLabels(labels, ClassNames);
    }

    private long[][]? LabelTable()
    {
        if (!Labelled || Array.Exists(Shares, s => s.Labels is null))
        {
            return null;
        }

        long[][] table = [.. Enumerable.Range(0, Clusters.Clusters).Select(_ => new long[ClassNames.Length])];
        foreach (HostShare share in Shares)
        {
            for (int k = 0; k < table.Length; k++)
            {
                for (int c = 0; c < ClassNames.Length; c++)
                {
                    table[k][c] += share.Labels![k][c];
                }
            }
        }

        return table;
    }
}

/// <summary>What one host has of a run.</summary>
/// <param name="Host">Name of its silo.</param>
/// <param name="Images">Training images.</param>
/// <param name="Fingerprint">SHA-256 over them and their clusters.</param>
/// <param name="Samples">[peer of this host][cluster] training images.</param>
/// <param name="Labels">[cluster][class] training images; null without classes.</param>
public sealed record HostShare(string Host, int Images, string Fingerprint, int[][] Samples, long[][]? Labels);

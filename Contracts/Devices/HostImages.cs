namespace OrleansDDM.Contracts.Devices;

/// <summary>What the images of one host are like.</summary>
/// <param name="Channels">C of an image (C, H, W).</param>
/// <param name="Height">H in pixels.</param>
/// <param name="Width">W in pixels.</param>
/// <param name="Labelled">Whether they have classes.</param>
/// <param name="ClassNames">Names of the classes.</param>
/// <param name="Images">Training images.</param>
/// <param name="Sum">(d) sums of their pixels, after pooling; empty where no features are needed.</param>
/// <param name="Products">(d (d + 1) / 2) sums of products of two pixels; empty where no features are needed.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.HostImages)]
public sealed record HostImages(
    [property: Id(0)] int Channels,
    [property: Id(1)] int Height,
    [property: Id(2)] int Width,
    [property: Id(3)] bool Labelled,
    [property: Id(4)] string[] ClassNames,
    [property: Id(5)] int Images,
    [property: Id(6)] long[] Sum,
    [property: Id(7)] long[] Products);

/// <summary>What the peers of one host hold.</summary>
/// <param name="Images">Training images of the host.</param>
/// <param name="Fingerprint">SHA-256 over them and their clusters.</param>
/// <param name="Samples">[peer of the host][cluster] images.</param>
/// <param name="Labels">[cluster][class] images; null without classes.</param>
[GenerateSerializer]
[Immutable]
[Alias(Aliases.HostSamples)]
public sealed record HostSamples(
    [property: Id(0)] int Images, [property: Id(1)] string Fingerprint, [property: Id(2)] int[][] Samples, [property: Id(3)] long[][]? Labels);

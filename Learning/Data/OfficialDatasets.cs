namespace OrleansDDM.Learning.Data;

/// <summary>
/// The table of official files. MNIST and Fashion-MNIST values are those of files whose MD5 equals the published one; the CIFAR-10 value
/// is the one in general use for the archive; the digits values are of files with the sizes that UCI lists.
/// </summary>
public static class OfficialDatasets
{
    private static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>Every data set that has official files.</summary>
    public static IReadOnlyList<OfficialDataset> All { get; } =
    [
        Idx(
            "mnist",
            "handwritten digits, 60,000 + 10,000, 28 x 28 grey (LeCun, Cortes, Burges)",
            ["mnist", "MNIST/raw", "MNIST"],
            Digits,
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            [
                ("train-images-idx3-ubyte", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
                ("train-labels-idx1-ubyte", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
                ("t10k-images-idx3-ubyte", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
                ("t10k-labels-idx1-ubyte", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            ]),
        Idx(
            "fashion-mnist",
            "clothing, 60,000 + 10,000, 28 x 28 grey (Zalando SE, MIT licence)",
            ["fashion-mnist", "FashionMNIST/raw", "FashionMNIST"],
            ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"],
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            [
                ("train-images-idx3-ubyte", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
                ("train-labels-idx1-ubyte", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
                ("t10k-images-idx3-ubyte", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
                ("t10k-labels-idx1-ubyte", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
            ]),
        new OfficialDataset(
            "cifar-10",
            "colour photographs, 50,000 + 10,000, 32 x 32 (Krizhevsky 2009)",
            ["cifar-10", "cifar-10-batches-bin", "cifar10"],
            Cifar10Loader.ClassNames,
            [
                new OfficialFile(
                    Cifar10Loader.ArchiveName,
                    new Uri("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"),
                    170052171,
                    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            ],
            new Dictionary<string, string>()),
        new OfficialDataset(
            "digits",
            "handwritten digits, 3,823 + 1,797, 8 x 8 grey (UCI optdigits, Alpaydin and Kaynak 1998)",
            ["digits", "optdigits"],
            Digits,
            [
                new OfficialFile(
                    "optdigits.tra",
                    new Uri("https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/optdigits.tra"),
                    563639,
                    "e1b683cc211604fe8fd8c4417e6a69f31380e0c61d4af22e93cc21e9257ffedd"),
                new OfficialFile(
                    "optdigits.tes",
                    new Uri("https://archive.ics.uci.edu/ml/machine-learning-databases/optdigits/optdigits.tes"),
                    264712,
                    "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"),
            ],
            new Dictionary<string, string>()),
    ];

    /// <summary>The data set of that name; null when there is none.</summary>
    public static OfficialDataset? Find(string name) => All.FirstOrDefault(d => d.Name == name);

    private static OfficialDataset Idx(
        string name, string description, string[] folders, string[] classes, string url, (string File, long Length, string Packed, string Plain)[] files) =>
        new(
            name,
            description,
            folders,
            classes,
            [.. files.Select(f => new OfficialFile(f.File + ".gz", new Uri(url + f.File + ".gz"), f.Length, f.Packed))],
            files.ToDictionary(f => f.File, f => f.Plain));
}

using OrleansDDM.Client;

return await CommandLineApp.RunAsync(args);
